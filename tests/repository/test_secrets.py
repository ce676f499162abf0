from __future__ import annotations

import pytest

from codebase_gardener.repository.secrets import DETECTORS, secret_problem

RANDOM = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ3kL5mN7pQ9rS1tU3vW5xY7zA9bC1dE3fG5h"
HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
KEY = "MIIEpAIBAAKCAQEA7bq2" + RANDOM[:40]

# every secret is put together here, so that this very file holds none
SECRETS = {
    "AWS Access Key": ["AKIA" + "IOSFODNN7EXAMPLE", "ASIA" + "Y34FZKBOKMUTVV7A",
                       "aws_secret_access_key = '" + "wJalrXUtnFEMIK7MDENGbPxRfiCYzzEXAMPLEKEY'"],
    "Azure Storage Account access key": ["AccountKey=" + RANDOM[:43] * 2 + "=="],
    "password in a URL": ["postgres://admin:" + "hunter2@db.internal:5432/x", "https://u:" + "Tr0ub4dor@example.com/a",
                          "redis://:" + "f3rnW3hPq@cache:6379", "mongodb+srv://app:" + "S3cr3tP4ss@c.mongodb.net"],
    "Discord Bot Token": ["M" + RANDOM[:23] + "." + RANDOM[:6] + "." + RANDOM[:27]],
    "GitHub Token": ["ghp_" + RANDOM[:36], "gho_" + "a" * 36, "github_pat_" + RANDOM[:60]],
    "GitLab Token": ["glpat-" + RANDOM[:20]],
    "Google API Key": ["AIza" + RANDOM[:35]],
    "Hugging Face Token": ["hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH"],
    "JSON Web Token": ["eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"],
    "Mailchimp Access Key": [HEX[:32] + "-us12"],
    "NPM tokens": ["//registry.npmjs.org/:_authToken=" + "npm_" + RANDOM[:36]],
    "OpenAI Token": ["sk-" + "proj-" + RANDOM[:20] + "T3Blbk" + "FJ" + RANDOM[:20]],
    "Anthropic API Key": ["sk-ant-" + "api03-" + RANDOM[:40]],
    "Private Key": ["-----BEGIN RSA " + "PRIVATE KEY-----\n" + KEY, "-----BEGIN " + "PRIVATE KEY-----\\n" + KEY,
                    "-----BEGIN OPENSSH " + "PRIVATE KEY-----\n" + KEY,
                    "-----BEGIN ENCRYPTED " + "PRIVATE KEY-----\n" + KEY,
                    "-----BEGIN EC " + "PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: A,B\n\n" + KEY,
                    "key = '''-----BEGIN DSA " + "PRIVATE KEY-----\n    " + KEY,
                    'k = ("-----BEGIN ' + 'PRIVATE KEY-----\\n"\n     "' + KEY, "PuTTY-User-Key-" + "File-2: ssh-rsa"],
    "PyPI Token": ["pypi-AgEI" + "cHlwaS5vcmc" + RANDOM[:75]],
    "SendGrid API Key": ["SG." + RANDOM[:22] + "." + RANDOM[:43]],
    "Slack Token": ["xoxb-" + "123456789012-123456789012-abcdefghijkl",
                    "https://hooks.slack.com/" + "services/T0001/B0001/XXYYZZ1234"],
    "Square OAuth Secret": ["sq0csp-" + RANDOM[:43]],
    "Stripe Access Key": ["sk_live_" + RANDOM[:24]],
    "Telegram Bot Token": ["123456789:AA" + RANDOM[:33]],
    "Twilio API Key": ["AC" + HEX[:32]],
    "random value under a secret's name": ["API_KEY = '" + RANDOM[:32] + "'", '"client_secret": "' + HEX + '"',
                                           "export AUTH_TOKEN=" + RANDOM[:40], "secretKey: '" + HEX[:32] + "'"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "secret"), [(kind, secret) for kind, rows in SECRETS.items() for secret in rows]
)
@pytest.mark.parametrize("surrounding", ["x = 1\n{}\n", "x = 1\n    '{}',  # key\ny = 2\n"])
def test_secrets_are_found_and_not_repeated(kind: str, secret: str, surrounding: str) -> None:
    if secret.startswith(("export", "PuTTY", "secretKey")) and "'" in surrounding:
        pytest.skip("stands alone on its line")
    found = secret_problem(surrounding.format(secret))
    assert found is not None
    assert found.startswith(f"secret: {kind} at line ")
    assert not any(secret[at : at + 12] in found for at in range(len(secret) - 12))


def test_every_detector_has_a_secret_here() -> None:
    assert len({detector.plugin for detector in DETECTORS}) - 1 <= len(SECRETS)


def test_the_line_is_the_first_ones() -> None:
    text = "\n" * 4 + SECRETS["Slack Token"][0] + "\n\n" + SECRETS["GitHub Token"][0]
    assert secret_problem(text) == "secret: Slack Token at line 5"
    assert secret_problem(SECRETS["Slack Token"][0]) == "secret: Slack Token at line 1"


HARMLESS = [
    "https://user:password@example.com", "https://username:password@h", "http://u:p@h", "http://foo:foo@h",
    "proxy = f'http://{user}:{password}@{host}'", "postgres://$USER:$PASS@db", "scott:tiger@localhost",
    "oracle://scott:tiger@dsn", "https://jo%40email.com:a%20secret@x", "https://<token>:<secret>@h",
    "postgresql+psycopg://postgres:postgres@localhost/test", "http://admin:changeme@h", "git@github.com:a/b.git",
    "https://example.com:8080/@user", "mailto:a@b.c", "redis://:@cache",
    "if '-----BEGIN PRIVATE KEY-----' in text:", "MARK = b'-----BEGIN RSA PRIVATE KEY-----'\nEND = b'-----END'",
    "ghp_" + "x" * 36, "AC" + "x" * 32, "password = 'correct horse battery staple'", "token = 'my-test-token-value-1'",
    "tokenizer = 'hf-internal-testing/tiny-random-LlamaForCausalLM'", "api_key = os.environ['API_KEY_OF_THE_SERVICE']",
    "TOKEN=some_function_name_that_is_long", "secret_key=SettingsFactory2.FromEnvironment3()",
    "commit = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b'", "sha256:" + HEX, "eyJ is the prefix", "xoxb-your-token",
    "uuid = '550e8400-e29b-41d4-a716-446655440000'", "0.0.0.0:8000", "8.8.8.8", "A3T", "glob-pattern-of-files-and-more",
    "the_secret = 'ThisIsAVeryLongClassNameInCamelCase'", "password_field = PasswordInput(attrs={'class': 'form'})",
]  # fmt: skip


@pytest.mark.parametrize("line", HARMLESS)
def test_ordinary_code_is_no_secret(line: str) -> None:
    assert secret_problem(f"x = 1\n{line}\n") is None
    assert secret_problem(f'    value("{line}")\n') is None


def test_hostile_text_takes_no_time() -> None:
    import time

    for text in (
        "://a@" * 4000 + "\n",
        "eyJ" * 6000 + "\n",
        "aws key " * 2500 + "\n",
        "-----BEGIN PRIVATE KEY-----\n" * 900,
    ):
        begun = time.process_time()
        secret_problem(text * 5)
        assert time.process_time() - begun < 10
