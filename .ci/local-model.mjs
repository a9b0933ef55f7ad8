// A model of this machine behind the interface of OpenAI's chat completions, as small as it can be: for .ci/local-model.
//
// node local-model.mjs MODEL.gguf PORT-FILE; the port is written when the model is there. NODE_PATH does not reach
// modules: the script is copied beside node_modules before it is run.
import {writeFileSync, renameSync} from "node:fs";
import {createServer} from "node:http";
import {getLlama, LlamaChatSession, LlamaLogLevel} from "node-llama-cpp";

const [path, portFile] = process.argv.slice(2);
const llama = await getLlama({gpu: false, build: "never", progressLogs: false, logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath: path});
// Left to itself it takes threads that a busy machine does not have, and never ends.
const context = await model.createContext({contextSize: 8192, threads: 2});

async function answer({messages, max_tokens: maxTokens, response_format: format}) {
    const of = (role) => messages.filter((one) => one.role === role).map((one) => one.content).join("\n");
    const sequence = context.getSequence();
    try {
        const session = new LlamaChatSession({contextSequence: sequence, systemPrompt: of("system")});
        // As llama-cpp-python has it: a schema is read in one place, and breaks the server in the other.
        if (format?.type === "json_schema") throw new Error("1 validation error: response_format.json_schema");
        const grammar = format?.schema && (await llama.createGrammarForJsonSchema(format.schema));
        const {responseText, stopReason} = await session.promptWithMeta(of("user"), {grammar, maxTokens, temperature: 0});
        const {usedInputTokens, usedOutputTokens} = sequence.tokenMeter;
        return {
            object: "chat.completion",
            choices: [{index: 0, finish_reason: stopReason === "maxTokens" ? "length" : "stop", message: {role: "assistant", content: responseText}}],
            usage: {prompt_tokens: usedInputTokens, completion_tokens: usedOutputTokens},
        };
    } finally {
        sequence.dispose();
    }
}

// One after the other: there is one context.
let last = Promise.resolve();
const server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
        last = last.then(async () => {
            let status = 200, body;
            try {
                body = await answer(JSON.parse(Buffer.concat(parts).toString("utf8")));
            } catch (error) {
                [status, body] = [500, {error: {message: String(error)}}];
            }
            response.writeHead(status, {"content-type": "application/json"});
            response.end(JSON.stringify(body));
        });
    });
});
server.listen(0, "127.0.0.1", () => {
    // Whole or not at all: somebody waits for it.
    writeFileSync(portFile + ".new", String(server.address().port));
    renameSync(portFile + ".new", portFile);
});
