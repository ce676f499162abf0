"""Recall and false positives of the secret scan, on secrets made here and on lines that only look like some.

    python benchmarks/secret_scan.py [--seed N] [--missed]

Every secret is drawn at random in the form that its issuer documents, and put into code or configuration as people
write it; so this file holds none. The harmless lines are documentation's own examples, test vectors and placeholders.
"""

from __future__ import annotations

import argparse
import base64
import random
import string
import sys
import uuid
import zlib
from collections.abc import Callable

from codebase_gardener.repository.secrets import Scanned, find_secrets

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALNUM, HEX, URL64 = LOWER + UPPER + DIGITS, "0123456789abcdef", LOWER + UPPER + DIGITS + "-_"

Draw = Callable[[str, int], str]


def _base62(number: int, length: int) -> str:
    signs, out = DIGITS + UPPER + LOWER, ""
    while number:
        number, rest = divmod(number, 62)
        out = signs[rest] + out
    return out.rjust(length, "0")


def _checked(prefix: str, body: str) -> str:
    """GitHub's and npm's form: a CRC32 in base 62 at the end."""
    return f"{prefix}{body}{_base62(zlib.crc32(body.encode()), 6)}"


def _pem(d: Draw, kind: str) -> str:
    body = base64.b64encode(bytes(d(ALNUM, 600), "ascii")).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"


def _jwt(d: Draw) -> str:
    def part(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    header, claims = '{"alg":"HS256","typ":"JWT"}', '{"sub":"' + d(ALNUM, 12) + '","exp":1893456000}'
    return f"{part(header)}.{part(claims)}.{d(URL64, 43)}"


def secrets(d: Draw) -> dict[str, str]:
    """Kind → a line or block that holds one."""
    b64 = ALNUM + "+/"
    return {
        "AWS access key": f'AWS_KEY = "AKIA{d(UPPER + "234567", 16)}"',
        "AWS secret key": f"aws_secret_access_key = {d(b64, 40)}",
        "AWS session key id": f'key_id: "ASIA{d(UPPER + "234567", 16)}"',
        "Azure storage": f'CONN = "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={d(b64, 86)}=="',
        "Azure AD client secret": f'AZURE_CLIENT_SECRET = "{d(ALNUM, 3)}8Q~{d(ALNUM + "_~.-", 34)}"',
        "GitHub classic": f'token = "{_checked("ghp_", d(ALNUM, 30))}"',
        "GitHub OAuth": f'token = "{_checked("gho_", d(ALNUM, 30))}"',
        "GitHub app": f'token = "{_checked("ghs_", d(ALNUM, 30))}"',
        "GitHub fine-grained": f'GITHUB = "github_pat_{d(ALNUM, 22)}_{d(ALNUM, 59)}"',
        "GitLab": f'url = "https://oauth2:glpat-{d(URL64, 20)}@gitlab.example.com/a.git"',
        "GitLab runner": f'runner = "glrt-{d(URL64, 20)}"',
        "npm": f"//registry.npmjs.org/:_authToken={_checked('npm_', d(ALNUM, 30))}",
        "npm in code": f'NPM = "{_checked("npm_", d(ALNUM, 30))}"',
        "PyPI": f'password = "pypi-AgEIcHlwaS5vcmc{d(URL64, 120)}"',
        "RubyGems": f'gem_key = "rubygems_{d(HEX, 48)}"',
        "Docker Hub": f"docker login -p dckr_pat_{d(URL64, 27)}",
        "Slack bot": f'slack = "xoxb-{d(DIGITS, 12)}-{d(DIGITS, 12)}-{d(ALNUM, 24)}"',
        "Slack app": f'SLACK_APP = "xapp-1-A{d(UPPER + DIGITS, 10)}-{d(DIGITS, 13)}-{d(HEX, 64)}"',
        "Slack webhook": f'hook = "https://hooks.slack.com/services/T{d(UPPER + DIGITS, 8)}/B{d(UPPER + DIGITS, 10)}/{d(ALNUM, 24)}"',
        "Discord webhook": f'hook = "https://discord.com/api/webhooks/{d(DIGITS, 18)}/{d(URL64, 68)}"',
        "Discord bot": f'DISCORD_TOKEN = "M{d(ALNUM, 23)}.{d(ALNUM, 6)}.{d(URL64, 38)}"',
        "Teams webhook": (
            f'hook = "https://acme.webhook.office.com/webhookb2/{uuid.UUID(int=int(d(HEX, 32), 16))}@'
            f'{uuid.UUID(int=int(d(HEX, 32), 16))}/IncomingWebhook/{d(HEX, 32)}/{uuid.UUID(int=int(d(HEX, 32), 16))}"'
        ),
        "Telegram": f'TELEGRAM_BOT = "{d("123456789", 1)}{d(DIGITS, 9)}:AA{d(URL64, 33)}"',
        "Stripe live": f'stripe.api_key = "sk_live_{d(ALNUM, 24)}"',
        "Stripe long": f'stripe.api_key = "sk_live_51{d(ALNUM, 97)}"',
        "Stripe restricted": f'stripe.api_key = "rk_live_{d(ALNUM, 24)}"',
        "Stripe restricted, test": f'stripe.api_key = "rk_test_{d(ALNUM, 24)}"',
        "Stripe test": f'stripe.api_key = "sk_test_{d(ALNUM, 24)}"',
        "Stripe webhook": f'WEBHOOK = "whsec_{d(ALNUM, 32)}"',
        "Square": f'SQUARE = "sq0csp-{d(URL64, 43)}"',
        "Shopify": f'SHOPIFY = "shpat_{d(HEX, 32)}"',
        "Shopify shared": f'SHOPIFY = "shpss_{d(HEX, 32)}"',
        "DigitalOcean": f'DO = "dop_v1_{d(HEX, 64)}"',
        "Heroku": f'HEROKU_API_KEY = "HRKU-AA{d(URL64, 58)}"',
        "Vault": f"VAULT_TOKEN=hvs.{d(URL64, 95)}",
        "Terraform Cloud": f'token = "{d(ALNUM, 14)}.atlasv1.{d(URL64, 65)}"',
        "Linear": f'LINEAR = "lin_api_{d(ALNUM, 40)}"',
        "Notion": f'NOTION = "ntn_{d(DIGITS, 11)}{d(ALNUM, 35)}"',
        "Google API": f'KEY = "AIza{d(URL64, 35)}"',
        "Google OAuth access": f'access = "ya29.a0{d(URL64, 140)}"',
        "Google OAuth client secret": f'client = "GOCSPX-{d(URL64, 28)}"',
        "Google service account": '{"type": "service_account", "private_key": "'
        + _pem(d, "PRIVATE KEY").replace("\n", "\\n")
        + '"}',
        "age": f"AGE-SECRET-KEY-1{d('QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', 58)}",
        "OpenAI": f'openai.api_key = "sk-proj-{d(URL64, 74)}T3BlbkFJ{d(URL64, 74)}"',
        "OpenAI classic": f'openai.api_key = "sk-{d(ALNUM, 20)}T3BlbkFJ{d(ALNUM, 20)}"',
        "Anthropic": f'ANTHROPIC = "sk-ant-api03-{d(URL64, 93)}AA"',
        "Hugging Face": f'HF = "hf_{d(LOWER + UPPER, 34)}"',
        "Groq": f'GROQ = "gsk_{d(ALNUM, 52)}"',
        "Replicate": f'REPLICATE = "r8_{d(ALNUM, 37)}"',
        "SendGrid": f'SENDGRID = "SG.{d(URL64, 22)}.{d(URL64, 43)}"',
        "Mailgun": f'MAILGUN_API_KEY = "key-{d(HEX, 32)}"',
        "Mailchimp": f'MAILCHIMP = "{d(HEX, 32)}-us12"',
        "Twilio": f'twilio = Client("AC{d(HEX, 32)}", "{d(HEX, 32)}")',
        "Datadog": f'DATADOG_API_KEY = "{d(HEX, 32)}"',
        "New Relic": f'NEW_RELIC = "NRAK-{d(UPPER + DIGITS, 27)}"',
        "Sentry": f'SENTRY = "sntryu_{d(HEX, 64)}"',
        "Databricks": f'DATABRICKS = "dapi{d(HEX, 32)}"',
        "Postman": f'POSTMAN = "PMAK-{d(HEX, 24)}-{d(HEX, 34)}"',
        "Grafana": f'GRAFANA = "glsa_{d(ALNUM, 32)}_{d(HEX, 8)}"',
        "Cloudflare": f'CLOUDFLARE_API_TOKEN = "{d(URL64, 40)}"',
        "JWT": f'headers = {{"X-Auth": "{_jwt(d)}"}}',
        "bearer header": f'headers = {{"Authorization": "Bearer {d(ALNUM, 40)}"}}',
        "bearer in curl": f'curl -H "Authorization: Bearer {d(URL64, 48)}" https://api.acme.dev/v1/items',
        "basic header": f'headers = {{"Authorization": "Basic {base64.b64encode(f"admin:{d(ALNUM, 14)}".encode()).decode()}"}}',
        "password in a DSN": f'DSN = "postgresql://app:{d(ALNUM, 12)}@db.internal:5432/prod"',
        "password in a Redis URL": f'REDIS = "redis://:{d(ALNUM, 16)}@cache:6379/0"',
        "ODBC": f'conn = "Driver={{ODBC Driver 18 for SQL Server}};Server=db;UID=app;PWD={d(ALNUM, 14)};"',
        "ADO.NET": f'cs = "Server=db;Database=x;User Id=app;Password={d(ALNUM, 14)};"',
        "key=value DSN": f'dsn = "host=db user=app password={d(ALNUM, 14)} dbname=prod"',
        "YAML without quotes": f"database:\n  user: app\n  password: {d(ALNUM, 16)}",
        "YAML token": f"api_token: {d(ALNUM, 40)}",
        ".env": f"SECRET_KEY={d(ALNUM, 48)}",
        "password in code": f'PASSWORD = "{d(ALNUM + "!#%&", 16)}"',
        "password as an argument": f'connect(host="db", user="app", password="{d(ALNUM, 16)}")',
        "Django": f'SECRET_KEY = "django-insecure-{d(ALNUM + "!@#%^&*(-_=+)", 50)}"',
        "Fernet": f'cipher = Fernet(b"{d(URL64, 43)}=")',
        "docker login": '{"auths": {"registry.acme.io": {"auth": "'
        + base64.b64encode(f"bot:{d(ALNUM, 20)}".encode()).decode()
        + '"}}}',
        "netrc": f"machine git.acme.io login bot password {d(ALNUM, 16)}",
        "pgpass": f"db.acme.io:5432:shop:admin:{d(ALNUM, 16)}",
        "JWK": '{"kty": "EC", "crv": "P-256", "x": "' + d(URL64, 43) + '", "d": "' + d(URL64, 43) + '"}',
        "JWK, symmetric": '{"k": "' + d(URL64, 43) + '", "kty": "oct"}',
        "one-time password": f'"otpauth://totp/Acme:bob?secret={d(UPPER + "234567", 32)}&issuer=Acme"',
        "Fernet key": f'FERNET_KEY = "{d(URL64, 43)}="',
        "RSA key": _pem(d, "RSA PRIVATE KEY"),
        "EC key": _pem(d, "EC PRIVATE KEY"),
        "OpenSSH key": _pem(d, "OPENSSH PRIVATE KEY"),
        "PGP key": _pem(d, "PGP PRIVATE KEY BLOCK"),
        "base64 of a PEM": f'KEY = "{base64.b64encode(_pem(d, "RSA PRIVATE KEY").encode()).decode()}"',
        "base64 of a token": f'T = "{base64.b64encode(_checked("ghp_", d(ALNUM, 30)).encode()).decode()}"',
        "generic API key": f'api_key = "{d(ALNUM, 40)}"',
        "generic hex secret": f'client_secret: "{d(HEX, 64)}"',
    }


HARMLESS = (
    'password_md5 = "5f4dcc3b5aa765d61d8327deb882cf99"',
    "token_sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "private_key: Ed25519PrivateKey",
    "secret_type = HmacSha256SecretKeySpec",
    "machine example.com login user password secret",
    "localhost:5432:mydb:myuser:mypassword",
    '"otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXP&issuer=Example"',
    '{"auths": {"registry.example.com": {"auth": "dXNlcjpwYXNzd29yZA=="}}}',
    '{"kty": "EC", "crv": "P-256", "x": "…", "d": "..."}',
    'AWS_KEY = "AKIA" "IOSFODNN7EXAMPLE"'.replace('" "', ""),
    'secret = "wJalrXUtnFEMI/K7MDENG/bPxRfi' 'CYEXAMPLEKEY"',
    # the token that jwt.io shows first
    'token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ'
    '.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"',
    # FIPS 197, appendix B and C; NIST SP 800-38A
    'key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")',
    'key = bytes.fromhex("000102030405060708090a0b0c0d0e0f")',
    'KEY = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"',
    'url = "https://bob:hunter2@httpbin.org/basic-auth"',
    'url = "https://user:pass@example.com"', 'url = "https://user:password@host/path"', 'r = get("http://u:p@h")',
    'proxy = f"http://{user}:{password}@{host}"', "postgres://$USER:$PASS@db", "oracle://scott:tiger@dsn",
    "postgresql+psycopg://postgres:postgres@localhost/test", 'auth=("user", "passwd")', 'headers = {"Authorization": f"Bearer {token}"}',
    'headers = {"Authorization": "Bearer <token>"}', 'headers = {"Authorization": "Bearer YOUR_TOKEN_HERE"}',
    'assert header == "Basic dXNlcjpwYXNz"', 'header = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="',
    'password = "correct horse battery staple"', 'password = getpass.getpass("Password: ")', 'password = os.environ["DB_PASSWORD"]',
    "password: ${DB_PASSWORD}", "password: {{ vault_password }}", "password: changeme", "password: password", "password: null",
    'token = "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"', 'token = "<your token>"', 'token = "test-token"', 'api_key = "your-api-key"',
    'API_KEY = os.environ["API_KEY_OF_THE_SERVICE"]', 'api_key = "sk-..."', 'openai.api_key = "sk-xxxxxxxxxxxxxxxxxxxxxxxx"',
    'SECRET_KEY = "dev"', 'SECRET_KEY = "change-me-in-production"', 'secret_key = "secret"', 'token_type = "bearer"',
    "tokenizer = 'hf-internal-testing/tiny-random-LlamaForCausalLM'", "pad_token = '<|endoftext|>'", "max_tokens: 4096",
    "secret_key=SettingsFactory2.FromEnvironment3()", "TOKEN=some_function_name_that_is_long", "password_field = PasswordInput()",
    "commit = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b'", "uuid = '550e8400-e29b-41d4-a716-446655440000'",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    '"integrity": "sha512-oRQ8RNFhFKSVWg5Tz8k1GeKBzxs8YHEDnsJkO8lN8wAmVOa3RPQmRnhvJ5ZWRqKPUE0ntQk4oiAZ8RMsDCBRWg=="',
    "if '-----BEGIN PRIVATE KEY-----' in text:", "MARK = b'-----BEGIN RSA PRIVATE KEY-----'\nEND = b'-----END'",
    "ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'", "mailto:a@b.c", "git@github.com:a/b.git",
    "the_secret = 'ThisIsAVeryLongClassNameInCamelCase'", "key = 'a.very.long.dotted.configuration.key.name'",
    "PUBLIC_KEY = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7' + REST", "<input type=\"password\" name=\"password\" id=\"password_confirmation\">",
    "css: .token.keyword-argument-assignment { color: #ff79c6aa }", "def test_password_reset_token_generator_raises(self): ...",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=5, help="secrets of each kind")
    parser.add_argument(
        "--missed", action="store_true", help="show what was missed and what was wrongly found"
    )
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    made = [
        (kind, text)
        for _ in range(arguments.rounds)
        for kind, text in secrets(lambda signs, count: "".join(dice.choices(signs, k=count))).items()
    ]
    texts = [Scanned(_in_code(text), ".py" if "=" in text else ".yaml") for _, text in made]
    harmless = [Scanned(_in_code(line), ".py") for line in HARMLESS]
    found = find_secrets([*texts, *harmless])
    missed = [kind for (kind, _), hits in zip(made, found, strict=False) if not hits]
    wrong = [(line, hits) for line, hits in zip(HARMLESS, found[len(texts) :], strict=True) if hits]
    if arguments.missed:
        for kind in dict.fromkeys(missed):
            print(f"missed: {kind} ({missed.count(kind)} of {arguments.rounds})")
        for line, hits in wrong:
            print(f"wrongly found: {hits[0].kind}: {line[:90]}")
    kinds = {kind for kind, _ in made}
    print(
        f"{len(made) - len(missed)} of {len(made)} secrets found, of {len(kinds - set(missed))} of {len(kinds)} kinds always"
    )
    print(f"{len(wrong)} of {len(HARMLESS)} harmless lines taken for secrets")
    return 0 if not missed and not wrong else 1


def _in_code(text: str) -> str:
    return f"# settings\nname = 1\n\n{text}\n\nother = 2\n"


if __name__ == "__main__":
    sys.exit(main())
