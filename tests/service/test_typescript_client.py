"""The typed client of TypeScript: made from the live document, compiled, and run."""

import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from service.client import Client
from tests.service.running import Running

SOURCE = Path(__file__).parents[2] / "clients" / "typescript"
RUN_S = 180.0
"""Ten seconds for the packages, and as much for the compiler, on a machine of its own."""

NODE, NPM = shutil.which("node"), shutil.which("npm")

OLDEST_NODE = 20
"""That the packages run on."""

AWAY = re.compile(r"ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENETUNREACH")
"""What npm says where there is no registry."""

PROBE = """
import { connect, Refusal, score, type Spelling } from "./client.js";

const nascore = connect(process.env["NASCORE"] ?? "");
const architectures: Spelling[] = [];
// @ts-expect-error no such call
const call = () => nascore.GET("/nowhere");
// @ts-expect-error no such field
const field = () => score(nascore, { bench: "nb201", proxy: "params", architectures });
// @ts-expect-error the bench is missing
const bench = () => score(nascore, { architectures });
// @ts-expect-error a matrix has numbers
const spelling: Spelling = { matrix: [["0", "1"]] };
const { data } = await nascore.GET("/benches/{bench}/sample", {
  params: { path: { bench: "nb101" }, query: { n: 3 } },
});
architectures.push(...(data?.architectures.map(({ spec }) => spec) ?? []));
for (const result of await score(nascore, { bench: "nb101", proxies: ["params"], architectures }))
  console.log(result.state, result.scores["params"]);
try {
  await score(nascore, { bench: "nb201", architectures });
} catch (refusal) {
  console.log(refusal instanceof Refusal, String(refusal));
}
"""

WAIT_LIMIT_S = 1
"""Of a request: what is not scored by then is waited for as a job."""

SETTINGS = {"NASCORE_WAIT_SECONDS_LIMIT": str(WAIT_LIMIT_S)}

CANCELLED = """
import { connect, propose } from "./client.js";

const nascore = connect(process.env["NASCORE"] ?? "");
const sample = { n: 2000, seed: 4 };
const items = await propose(nascore, { bench: "nb101", proxy: "synflow", sample, k: 1000 });
console.log(items.length);
"""


def node_version() -> int:
    said = subprocess.run([str(NODE), "--version"], capture_output=True, text=True).stdout
    return int(said.strip().removeprefix("v").split(".")[0])


pytestmark = pytest.mark.skipif(not (NODE and NPM), reason="node and npm are not installed")


def npm(folder: Path, server: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(NPM), *command],
        cwd=folder,
        env={**os.environ, "NASCORE": server},
        capture_output=True,
        text=True,
        timeout=RUN_S,
    )


@pytest.fixture(scope="module")
def built(worker: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if node_version() < OLDEST_NODE:
        pytest.skip(f"Node.js is older than {OLDEST_NODE}")
    folder = tmp_path_factory.mktemp("typescript")
    for file in SOURCE.iterdir():
        if file.is_file() and file.name != "nascore.d.ts":
            shutil.copy(file, folder)
    (folder / "probe.ts").write_text(PROBE)
    (folder / "cancelled.ts").write_text(CANCELLED)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    done = npm(folder, worker.address, "ci", *quiet)
    if done.returncode and AWAY.search(done.stderr):
        pytest.skip(f"the npm registry cannot be reached: {AWAY.findall(done.stderr)[0]}")
    assert done.returncode == 0, done.stderr
    for script in ("generate", "build"):
        done = npm(folder, worker.address, "run", script)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_what_is_wrong_does_not_compile_and_what_is_refused_is_told(
    built: Path, worker: Running
) -> None:
    done = npm(built, worker.address, "exec", "--", "node", "build/probe.js")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["done"] * 3
    assert "true Error: Architectures refused: 3 of 3" in lines[3]
    assert "(valid: " in done.stdout


def test_a_search_proposes_scores_and_ranks(built: Path, worker: Running) -> None:
    done = npm(built, worker.address, "run", "--silent", "search")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    trained, board = lines[:9], lines[9:]
    assert len({digest for digest, *_ in trained}) == 9
    accuracies = [float(accuracy) for _, accuracy, *_ in trained]
    assert accuracies == sorted(accuracies, reverse=True)
    with Client(worker.address) as client:
        best = client.architecture("nb201", trained[0][0])
        values = {record["proxy"]: record["value"] for record in best["scores"]}
        assert float(trained[0][2]) == values["params"]
        ranked = client.rank("nb201", 5, proxy="structural_synflow")["items"]
    assert [(int(rank), digest) for rank, digest, _ in board] == [
        (item["rank"], item["hash"]) for item in ranked
    ]


def test_of_a_cancelled_job_it_proposes_what_there_is(built: Path, worker: Running) -> None:
    jobs, before = worker.count("jobs"), len(looks(worker))
    with ThreadPoolExecutor(1) as pool, httpx2.Client(base_url=worker.address) as http:
        command = ("exec", "--", "node", "build/cancelled.js")
        proposing = pool.submit(npm, built, worker.address, *command)
        deadline = time.monotonic() + 60
        while not (looked_at := looks(worker)[before:]):
            assert not proposing.done(), proposing.result().stderr
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert http.delete(looked_at[-1]).json()["state"] == "cancelled"
        done = proposing.result()
    assert done.returncode == 0, done.stderr
    assert 0 <= int(done.stdout) < 1_000
    assert worker.count("jobs") == jobs + 1


def looks(service: Running) -> list[str]:
    """The jobs that were looked at by their own path."""
    lines = service.lines("api", "request")
    return [line["path"] for line in lines if line["path"].startswith("/jobs/")]
