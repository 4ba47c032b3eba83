"""One cold start of a packaged function, held still: the event it gets, the AWS that answers it, and what it cost."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
# The account in the function's ARN, as Lambda's runtime interface emulator makes it up.
ACCOUNT = "012345678912"
REGION = "eu-central-1"
# Long enough for a loaded machine and a function fifty times slower under valgrind; nothing waits this long unless it is broken.
PATIENCE = 120.0
