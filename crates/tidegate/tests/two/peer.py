"""A mail server (aiosmtpd) that prints each letter as a line of JSON when it has it to its end.

Usage: peer.py HOLD, where HOLD is the command at which the first letter is kept waiting for ever: `never`, `rcpt`
(nothing of it has arrived) or `data` (all of it has, and nobody was told). The first line is the port.
"""

import asyncio
import email
import json
import sys

from aiosmtpd.smtp import SMTP

hold = sys.argv[1]


def say(**what):
    print(json.dumps(what), flush=True)


class Handler:
    held = False

    async def wait(self, at, session):
        if hold == at and not self.held:
            self.held = True
            say(held=session.host_name)
            await asyncio.Event().wait()

    async def handle_RCPT(self, server, session, envelope, address, options):
        await self.wait("rcpt", session)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content)
        say(id=letter["Message-ID"].strip(), to=envelope.rcpt_tos, by=session.host_name)
        await self.wait("data", session)
        return "250 2.0.0 taken by aiosmtpd"


async def main():
    handler = Handler()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
