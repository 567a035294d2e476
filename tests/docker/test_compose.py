"""The compose files and Dockerfiles agree with the code and with one another."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from service.api.app import create_app
from service.cli import app
from service.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
SETTINGS = {f"NASCORE_{name.upper()}" for name in Settings.model_fields}

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CUDA = yaml.safe_load((ROOT / "docker-compose.cuda.yml").read_text())
FILES = {"docker-compose.yml": COMPOSE, "docker-compose.cuda.yml": CUDA}
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"].startswith("nascore-")}


def instruction(dockerfile: Path, name: str) -> Any:
    found = re.findall(rf"^{name} (\[.*\])$", dockerfile.read_text(), re.MULTILINE)
    assert len(found) == 1, f"{dockerfile.name}: one {name} in exec form"
    return json.loads(found[0])


def parse(arguments: list[str]) -> dict[str, Any]:
    """The command's parameters; an unknown command or option raises."""
    commands: Any = typer.main.get_command(app)
    name, *rest = arguments
    return dict(commands.commands[name].make_context(name, rest).params)


@pytest.mark.parametrize("file", FILES)
def test_commands_are_nascore_commands(file: str) -> None:
    for name, service in FILES[file]["services"].items():
        if name in OURS and "command" in service:
            parse(service["command"])


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_images_run_nascore_commands(dockerfile: Path) -> None:
    assert instruction(dockerfile, "ENTRYPOINT") == ["nascore"]
    parse(instruction(dockerfile, "CMD"))


def test_environment_names_are_settings() -> None:
    for service in OURS.values():
        assert set(service["environment"]) <= SETTINGS


def test_every_image_is_built_once_from_a_dockerfile() -> None:
    built = [one for one in OURS.values() if "build" in one]
    assert len({one["image"] for one in built}) == len(built)
    for service in OURS.values():
        assert service["image"] in {one["image"] for one in built}
        assert "build" in service or service["pull_policy"] == "never"
    for service in built:
        text = (ROOT / service["build"]["dockerfile"]).read_text()
        for argument in service["build"].get("args", {}):
            assert f"\nARG {argument}=\n" in text


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_what_is_copied_exists_and_is_not_ignored(dockerfile: Path) -> None:
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile.read_text(), re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    assert sources == {line[1:] for line in allowed if line.startswith("!")}
    for source in sources:
        assert (ROOT / source).exists()


def test_the_api_is_asked_for_its_health_where_it_listens() -> None:
    dockerfile = ROOT / "docker" / "api.Dockerfile"
    assert "/healthz" in create_app(Settings()).openapi()["paths"]
    port = parse(instruction(dockerfile, "CMD"))["port"]
    text = dockerfile.read_text()
    assert f"http://127.0.0.1:{port}/healthz" in text
    assert f"\nEXPOSE {port}\n" in text
    assert all(published.endswith(f":{port}") for published in SERVICES["api"]["ports"])


def test_only_this_host_reaches_what_is_published() -> None:
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_workers_scale() -> None:
    for name in ("worker", "reserved"):
        assert not {"container_name", "hostname", "ports"} & set(SERVICES[name])


def test_workers_tell_their_numbers_inside_the_network_alone() -> None:
    for service in (SERVICES["worker"], SERVICES["reserved"], CUDA["services"]["worker"]):
        port = parse(service["command"])["metrics_port"]
        assert SERVICES["worker"]["expose"] == SERVICES["reserved"]["expose"] == [str(port)]
    for name in ("worker", "reserved"):
        assert SERVICES[name]["environment"]["NASCORE_METRICS_ADDRESS"] == "0.0.0.0"  # noqa: S104
        assert "ports" not in SERVICES[name]


def test_tables_come_before_the_processes() -> None:
    for name in ("api", "worker", "reserved"):
        needed = SERVICES[name]["depends_on"]
        assert needed["migrate"]["condition"] == "service_completed_successfully"


def test_the_override_changes_services_that_exist() -> None:
    assert set(CUDA["services"]) <= set(SERVICES)
    images = {one["image"] for one in CUDA["services"].values()}
    assert images == {CUDA["services"]["worker"]["image"]}
    assert parse(CUDA["services"]["worker"]["command"])["device"] == "cuda:0"
