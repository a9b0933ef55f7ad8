"""What action.yml uses of GitHub's command line, over a file: the comments of one pull request and the SARIF files sent.

GH_TOKEN says who calls: `write` may do everything, `read` as in a pull request from a fork, anybody else nothing.
"""

import json
import os
import sys
from pathlib import Path

import jq

STATE = Path(os.environ["FAKE_GH"])


def refuse():
    print("gh: Resource not accessible by integration (HTTP 403)", file=sys.stderr)
    sys.exit(1)


def fields(words):
    """The values of `-f NAME=TEXT` and `-F NAME=@FILE`."""
    given = {}
    for flag, word in zip(words, words[1:]):
        if flag in ("-f", "-F"):
            name, value = word.split("=", 1)
            given[name] = Path(value[1:]).read_text() if flag == "-F" and value.startswith("@") else value
    return given


def main(words):
    assert words[0] == "api", words
    token, method = os.environ.get("GH_TOKEN"), "GET"
    if "--method" in words:
        method = words[words.index("--method") + 1]
    given = fields(words)
    if token not in ("read", "write") or (token == "read" and method != "GET"):
        refuse()
    state = json.loads(STATE.read_text())
    path = next(word for word in words[1:] if word == "graphql" or word.startswith("repos/"))
    if path == "graphql":
        nodes = state["comments"]
        assert {"query", "owner", "name", "number"} <= given.keys() and "viewerDidAuthor" in given["query"]
        answer = {"data": {"repository": {"pullRequest": {"comments": {"nodes": nodes}}}}}
        for value in jq.compile(words[words.index("--jq") + 1]).input_value(answer):
            print(value)
    elif method == "PATCH":
        number = int(path.rsplit("/", 1)[1])
        next(comment for comment in state["comments"] if comment["databaseId"] == number)["body"] = given["body"]
    elif method == "DELETE":
        number = int(path.rsplit("/", 1)[1])
        state["comments"] = [comment for comment in state["comments"] if comment["databaseId"] != number]
    elif path.endswith("/comments"):
        number = len(state["comments"]) + 1
        state["comments"].append({"databaseId": number, "viewerDidAuthor": True, "body": given["body"]})
    elif path.endswith("/code-scanning/sarifs"):
        state["sarif"].append(given)
    else:
        sys.exit(f"unknown: {words}")
    STATE.write_text(json.dumps(state))


main(sys.argv[1:])
