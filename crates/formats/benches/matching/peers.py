"""Feeds other matchers with the documents of the benchmark, and says how many components a second they match.

Called by main.rs with the interpreter of the peer's own virtual environment. Loading isn't counted for the peers.
"""

import json
import os
import sys
import time

PEER, DOCUMENTS, INVENTORY, FOLDER = sys.argv[1:5]


def documents():
    with open(DOCUMENTS, encoding="utf-8") as lines:
        for line in lines:
            document = json.loads(line)
            if "id" in document:
                yield document


def components():
    with open(INVENTORY, encoding="utf-8") as file:
        return [part for part in json.load(file)["components"] if "purl" in part]


def vdb():
    """AppThreat vulnerability-db: its own OSV source converts and stores; its SBOM search is timed."""
    os.environ.setdefault("VDB_HOME", os.path.join(FOLDER, "vdb-data"))
    os.environ["NVD_START_YEAR"] = "2000"
    os.environ["VDB_QUIET"] = "true"
    os.makedirs(os.environ["VDB_HOME"], exist_ok=True)
    from vdb.lib import db, search
    from vdb.lib.osv import OSVSource

    count, batch, source = 0, [], OSVSource()
    db.get()
    db.clear_all()
    for document in documents():
        batch.extend(source.convert(document))
        count += 1
        if len(batch) >= 2000:
            source.store(batch)
            batch = []
    source.store(batch)
    db.optimize_and_close_all()
    db.reset_connections()
    db.get(read_only=True)
    with open(INVENTORY, encoding="utf-8") as file:
        bom = json.load(file)
    begun = time.perf_counter()
    found = search.search_bom_detailed(bom, with_data=False)
    took = time.perf_counter() - begun
    hits = found["summary"]["vulnerability_count"]
    return len(bom["components"]) / took, f"vdb's own OSV conversion, {count} OSV records (CSAF left out), {hits} hits"


def cbt():
    """cve-bin-tool: ranges are put into its tables as its NVD source does; its scanner is timed on 20 components."""
    import sqlite3

    os.environ["HOME"] = FOLDER
    from cve_bin_tool.cve_scanner import CVEScanner
    from cve_bin_tool.cvedb import DBNAME, CVEDB
    from cve_bin_tool.util import ProductInfo
    from pathlib import Path

    folder = Path(FOLDER) / "cbt-data"
    folder.mkdir(exist_ok=True)
    path = folder / DBNAME
    path.unlink(missing_ok=True)
    base = sqlite3.connect(path)
    for table in ("cve_severity", "cve_range", "cve_exploited", "cve_metrics", "metrics", "mismatch", "purl2cpe"):
        base.execute(CVEDB.TABLE_SCHEMAS[table])
    for index in CVEDB.INDEXES.values():
        base.execute(index)
    count = 0
    for document in documents():
        count += 1
        number = document["id"]
        base.execute(
            "INSERT OR REPLACE INTO cve_severity VALUES (?,?,?,?,?,?,?,?)",
            (number, "HIGH", document["summary"], 7, 3, "", "NVD", document["modified"]),
        )
        for affected in document["affected"]:
            package = affected["package"]
            for one in affected["ranges"]:
                start = None
                for event in one["events"]:
                    start = event.get("introduced", start)
                    if "fixed" in event:
                        base.execute(
                            "INSERT INTO cve_range VALUES (?,?,?,?,?,?,?,?,?)",
                            (number, package["ecosystem"], package["name"], "*", start or "", "", "", event["fixed"], "NVD"),
                        )
    base.commit()
    base.close()
    wanted = components()[:20]
    ecosystems = {"npm": "npm", "pypi": "PyPI", "golang": "Go", "deb": "Debian:12", "maven": "Maven", "cargo": "crates.io"}
    CVEScanner.dbname = str(path)
    hits = 0
    begun = time.perf_counter()
    scanner = CVEScanner(score=0)
    scanner.dbname = str(path)
    with scanner:
        for part in wanted:
            kind = part["purl"].split(":")[1].split("/")[0]
            product = ProductInfo(ecosystems.get(kind, kind), part["name"], part["version"], "NotFound", part["purl"])
            scanner.get_cves(product, {"default": {}, "paths": {""}})
    took = time.perf_counter() - begun
    hits = sum(len(data["cves"]) for data in scanner.all_cve_data.values())
    return len(wanted) / took, f"its tables filled with {count} OSV records (CSAF left out), {len(wanted)} components, {hits} hits"


rate, said = {"vdb": vdb, "cbt": cbt}[PEER]()
print(f"rate {rate}")
print(f"said {said}")
