"""Prints what the end-to-end tests enforce: the roles' statements by guard and mode, their functions' variables, and keys and topic.

Run: `.tools/template/bin/python tests/template/roles.py ACCOUNT REGION`.
"""

import json
import sys

from stack import GUARDS, MODES, Stack


def enforced(account: str, region: str) -> dict:
    """The guards as they are deployed in each mode, all with the template's own keys and topic."""
    stack = Stack(account=account, region=region)

    def key(logical: str) -> dict:
        return {"arn": stack.attribute(logical, "Arn"), "policy": stack.properties(logical)["KeyPolicy"]}

    return {
        "logs_key": key("LogsKey"),
        "topic": {"arn": stack.attribute("Topic", "Arn"), "key": key("TopicKey")},
        "guards": {
            guard: {mode: deployed(Stack(account=account, region=region, Mode=mode), logical) for mode in MODES}
            for guard, logical in GUARDS.items()
        },
    }


def deployed(stack: Stack, logical: str) -> dict:
    """A guard's function: `guard` is what its code calls, `lambda` what Lambda does in the role's name."""
    return {
        "statements": {policy: stack.statements(f"{logical}Role", policy) for policy in ("guard", "lambda")},
        "environment": stack.properties(logical)["Environment"]["Variables"],
    }


if __name__ == "__main__":
    json.dump(enforced(*sys.argv[1:]), sys.stdout)
