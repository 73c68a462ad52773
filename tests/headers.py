"""Scans the headers and cookies of a served demo with drHEADer: `./x headers`.

Usage: headers.py BASE LINK TOKEN, with the path of a one-time sign-in link and an API token of the same person.
"""

import json
import sys
from pathlib import Path

import requests
import yaml
from drheader import Drheader

RULES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text())
OURS = {"Sec-Fetch-Site": "same-origin"}


def main(base: str, link: str, token: str) -> int:
    def ask(path: str, method: str = "GET", **more) -> requests.Response:
        return requests.request(method, base + path, allow_redirects=False, timeout=30, **more)

    signed_in = ask(link, "POST", headers=OURS)
    cookie = signed_in.headers.get("Set-Cookie", "").split(";")[0]
    person, program = {"Cookie": cookie}, {"Authorization": f"Bearer {token}"}
    case = ask("/api/v1/cases", headers=program).json()[0]["case"]
    answers = {
        "the front page": ask("/"),
        "a file of the site": ask("/style.css"),
        "a report's form": ask("/report"),
        "the sign-in page": ask("/sign-in"),
        "a page that is not there": ask("/nothing"),
        "a method that is not": ask("/", "DELETE", headers=OURS),
        "a form of another site": ask("/sign-in", "POST", headers={"Sec-Fetch-Site": "cross-site"}),
        "a sign-in that fails": ask("/sign-in", "POST", headers=OURS, data={"name": "a", "password": "b"}),
        "the desk of nobody": ask("/desk"),
        "the sign-in": signed_in,
        "the desk": ask("/desk", headers=person),
        "a case": ask(f"/desk/cases/{case}", headers=person),
        "the account": ask("/account/sessions", headers=person),
        "the API's description": ask("/api/v1/openapi.json"),
        "the API without a token": ask("/api/v1/cases"),
        "the API": ask("/api/v1/cases", headers=program),
        "a case in the API": ask(f"/api/v1/cases/{case}", headers=program),
        "the way out": ask("/sign-out", "POST", headers=OURS | person),
    }
    found = 0
    for name, answer in answers.items():
        # The scanner wants a list of cookies; no answer of ours sets more than one.
        carried = {name.lower(): value for name, value in answer.headers.items()}
        carried.update({"set-cookie": [carried["set-cookie"]]} if "set-cookie" in carried else {})
        report = Drheader(headers=carried).analyze(rules=RULES, cross_origin_isolated=True)
        if ("Set-Cookie" in answer.headers) != (name in ("the sign-in", "the way out")):
            report.append({"rule": "Set-Cookie", "message": "A cookie where none belongs, or none where one does"})
        print(f"{name}: {answer.status_code}, {len(report) or 'nothing'} found")
        for finding in report:
            print("   ", json.dumps(finding))
        found += len(report)
    if not cookie.startswith("__Host-"):
        print(f"the session's cookie is no __Host- cookie: {cookie.split('=')[0]}")
        found += 1
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
