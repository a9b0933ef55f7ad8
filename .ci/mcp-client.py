"""Drives `codex mcp` with the reference client: mcp-client.py CODEX FOLDER; the package `mcp` (PyPI) is importable."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

TOOLS = ["check_snippet", "check_work_tree", "explain_rule", "search_statements"]
BAD = "pub fn port(text: &str) -> u16 {\n    text.parse().unwrap()\n}\n"


def text_of(result):
    return "".join(part.text for part in result.content)


def has_failed(result):
    return getattr(result, "isError", None) or getattr(result, "is_error", None)


async def drive(codex, folder):
    server = StdioServerParameters(command=codex, args=["mcp"], cwd=folder)
    async with stdio_client(server) as (read, write), ClientSession(read, write) as client:
        begun = await client.initialize()
        info = getattr(begun, "serverInfo", None) or begun.server_info
        assert info.name == "engineering-codex", info
        tools = (await client.list_tools()).tools
        assert sorted(tool.name for tool in tools) == TOOLS, tools
        for tool in tools:
            schema = getattr(tool, "inputSchema", None) or tool.input_schema
            assert tool.description and schema["type"] == "object", tool

        async def call(name, **arguments):
            return await client.call_tool(name, arguments)

        found = json.loads(text_of(await call("search_statements", question="how do I handle errors?")))
        assert found[0]["slug"] == "unwrap-outside-tests", found
        explained = text_of(await call("explain_rule", rule="unwrap-outside-tests"))
        assert "bad (rust" in explained, explained
        findings = json.loads(text_of(await call("check_snippet", code=BAD, path="src/port.rs")))
        assert [(f["rule"], f["disposition"], f["focus"]["start"]["line"]) for f in findings] == [
            ("unwrap-outside-tests", "block", 2)
        ], findings
        clean = await call("check_snippet", code="pub fn a() {}\n", path="src/port.rs")
        assert json.loads(text_of(clean)) == [], clean
        report = json.loads(text_of(await call("check_work_tree")))
        assert [f["path"] for f in report["findings"]] == ["src/new.rs"], report
        everything = json.loads(text_of(await call("check_work_tree", all=True)))
        assert [f["path"] for f in everything["findings"]] == ["src/new.rs", "src/old.rs"], everything
        # What cannot be done is an error of the tool; the server goes on.
        for name, arguments in [
            ("explain_rule", {"rule": "unwrap-outside-test"}),
            ("explain_rule", {"rule": "--facts=/etc/passwd:1"}),
            ("check_snippet", {"code": "x", "path": "a.cobol"}),
            ("check_work_tree", {"base": "--output=x"}),
            ("check_work_tree", {"base": "nowhere"}),
        ]:
            failed = await call(name, **arguments)
            assert has_failed(failed), (name, arguments, failed)
        again = text_of(await call("check_snippet", code=BAD, path="src/port.rs"))
        assert json.loads(again) == findings
    print("codex mcp does what its client asks")


def main(codex, folder):
    folder = Path(folder)
    (folder / "src").mkdir(parents=True)
    git = ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=n@example.com"]
    (folder / "src/old.rs").write_text(BAD)
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "a"]):
        subprocess.run(git + words, check=True)
    (folder / "src/new.rs").write_text(BAD.replace("port", "other"))
    asyncio.run(asyncio.wait_for(drive(str(Path(codex).resolve()), str(folder)), 120))


main(*sys.argv[1:])
