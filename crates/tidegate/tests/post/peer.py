"""A mail server (aiosmtpd) that asks for TLS and a password, and prints each letter as a line of JSON.

Usage: peer.py MODE CERTIFICATE KEY, where MODE is `tls` or `starttls`. The first line is its port.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

mode, certificate, key = sys.argv[1:4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)


class Handler:
    async def handle_DATA(self, server, session, envelope):
        letter = envelope.content.decode("utf-8", "replace")
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "letter": letter}), flush=True)
        return "250 2.0.0 taken by aiosmtpd"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"tidegate", b"geheim")
    return AuthResult(success=good, handled=True if good else False)


def session():
    if mode == "tls":
        return SMTP(Handler(), authenticator=authenticate, auth_required=True, auth_require_tls=False)
    return SMTP(
        Handler(), authenticator=authenticate, auth_required=True, tls_context=context, require_starttls=True
    )


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
