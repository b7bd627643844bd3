"""What is deployed passes its own linters, agrees with itself, and holds no secret."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "examples" / "deploy"
for module in ("boto3", "cfnlint", "check_jsonschema"):
    pytest.importorskip(module, reason="pip install 'carms-lib[examples]'")


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    path = Path(sys.executable).with_name(program)
    return subprocess.run([path, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False)


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions as mappings."""


Loader.add_multi_constructor(
    "!",
    lambda loader, tag, node: {
        tag: loader.construct_scalar(node)
        if isinstance(node, yaml.ScalarNode)
        else loader.construct_sequence(node, deep=True)
    },
)


@pytest.fixture(scope="module")
def template():
    return yaml.load((DEPLOY / "template.yaml").read_text(encoding="utf-8"), Loader)  # noqa: S506 - a SafeLoader


def of_type(template, kind):
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind}


class TestLinters:
    def test_cloudformation_and_its_linter_sees_a_mistake(self, tmp_path):
        text = (DEPLOY / "template.yaml").read_text(encoding="utf-8").replace("StorageEncrypted", "StorageEncripted")
        wrong = tmp_path / "wrong.yaml"
        wrong.write_text(text, encoding="utf-8")
        # both at once: most of its time is its start
        options = ["-r", "ca-central-1", "--include-checks", "I", "--format", "json"]
        done = run("cfn-lint", "-t", DEPLOY / "template.yaml", wrong, *options)
        assert done.returncode != 0
        assert {found["Filename"] for found in json.loads(done.stdout)} == {str(wrong)}, done.stdout

    def test_dockerfile(self):
        done = run("hadolint", "--failure-threshold", "info", DEPLOY / "Dockerfile")
        assert (done.returncode, done.stdout) == (0, ""), done.stdout

    def test_compose_file(self):
        done = run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")
        assert done.returncode == 0, done.stdout

    @pytest.mark.parametrize(
        ("schema", "path"),
        [("vendor.github-workflows", ".github/workflows/ci.yml"), ("vendor.dependabot", ".github/dependabot.yml")],
    )
    def test_github_s_files(self, tmp_path, schema, path):
        wrong = tmp_path / Path(path).name
        wrong.write_text(
            (ROOT / path).read_text(encoding="utf-8").replace("\njobs:", "\njob:").replace("updates:", "update:")
        )
        # both at once: most of its time is its start
        done = run("check-jsonschema", "--builtin-schema", schema, "--output-format", "json", ROOT / path, wrong)
        told = json.loads(done.stdout)
        assert done.returncode == 1
        assert {found["filename"] for found in told["errors"]} == {str(wrong)}, done.stdout
        assert told["parse_errors"] == []


class TestImage:
    def test_github_builds_it_and_pushes_nothing(self):
        jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]
        commands = [step["run"] for step in jobs["container"]["steps"] if "run" in step]
        (build,) = [command for command in commands if command.startswith("docker build ")]
        dockerfile = re.search(r"--file (\S+)", build)[1]
        assert (ROOT / dockerfile) == DEPLOY / "Dockerfile"
        assert build.endswith(" .")  # the root of the checkout, as the Dockerfile's first lines say
        assert not any("push" in command or "login" in command for command in commands)

    def test_it_runs_as_nobody_with_one_start_command_and_a_health_check(self):
        text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
        final = text[text.rindex("\nFROM ") :]
        assert re.search(r"^USER 10001$", final, flags=re.MULTILINE)
        assert final.index("\nUSER ") < final.index("\nCMD [")
        assert len(re.findall(r"^CMD ", final, flags=re.MULTILINE)) == 1
        assert "HEALTHCHECK" in final
        for image in re.findall(r"^FROM (\S+)", text, flags=re.MULTILINE):
            assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", image)

    def test_what_it_copies_is_sent_to_the_builder_and_exists(self):
        text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
        copied = {
            source
            for line in re.findall(r"^COPY (?!--from)(.+)$", text, flags=re.MULTILINE)
            for source in line.split()[:-1]
        }
        sent = {
            line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"
        }
        assert copied == sent
        assert all((ROOT / source).exists() for source in copied)

    def test_the_lock_pins_by_hash_all_that_is_required(self):
        text = (DEPLOY / "requirements.lock").read_text(encoding="utf-8")
        locked = dict(re.findall(r"^([a-z0-9.\-]+)(?:\[[a-z,]+\])?==(\S+) \\$", text, flags=re.MULTILINE))
        assert text.count("--hash=sha256:") >= len(locked)
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        asked = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
        asked += [line for line in (DEPLOY / "requirements.in").read_text("utf-8").splitlines() if line[:1] != "#"]
        for requirement in map(Requirement, asked):
            version = locked.get(canonicalize_name(requirement.name))
            assert version is not None, f"{requirement.name} is not locked: the command is in requirements.in"
            assert requirement.specifier.contains(version), f"{requirement} is locked at {version}"

    def test_the_command_of_the_image_starts_the_service(self, published):
        """Its very words, run here: uvicorn finds the factory and the log's settings, and says that it is alive."""
        import os
        import socket
        import time
        from urllib.request import urlopen

        from examples.api.settings import hash_key

        text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
        command = json.loads(re.search(r"^CMD (\[.*?\])$", text.replace("\\\n", ""), flags=re.MULTILINE)[1])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        command = [str(Path(sys.executable).with_name(command[0])), *command[1:]]
        command[command.index("8000")], command[command.index("0.0.0.0")] = port, "127.0.0.1"  # noqa: S104
        settings = {"CARMS_API_DATABASE_URL": published, "CARMS_API_KEYS": json.dumps({"test": hash_key("k")})}
        running = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            until = time.monotonic() + 60
            while True:
                assert running.poll() is None, running.stdout.read()
                assert time.monotonic() < until
                try:
                    with urlopen(f"http://127.0.0.1:{port}/ready", timeout=10) as answer:
                        assert json.load(answer)["release"] == "1503"
                    break
                except ConnectionError:
                    time.sleep(0.1)
                except OSError as error:
                    if "refused" not in str(error):
                        raise
                    time.sleep(0.1)
        finally:
            running.terminate()
            log, _ = running.communicate(timeout=30)
        assert '"route": "/ready", "status": 200' in log


class TestTemplate:
    def test_each_environment_gives_what_the_template_asks_for(self, template):
        for environment in ("staging", "production"):
            given = json.loads((DEPLOY / f"{environment}.json").read_text(encoding="utf-8"))
            values = {one["ParameterKey"]: one["ParameterValue"] for one in given}
            assert values["Environment"] == environment
            assert set(values) <= set(template["Parameters"])
            assert environment in template["Mappings"]["Size"]

    def test_data_is_encrypted_backed_up_and_outlives_the_stack(self, template):
        (database,) = of_type(template, "AWS::RDS::DBInstance").values()
        assert database["StorageEncrypted"] is True
        assert database["PubliclyAccessible"] is False
        assert database["ManageMasterUserPassword"] is True
        assert "MasterUserPassword" not in database
        assert template["Mappings"]["Size"]["production"]["Backups"] >= 30
        assert template["Resources"]["Database"]["DeletionPolicy"] == "Snapshot"
        assert template["Resources"]["Releases"]["DeletionPolicy"] == "Retain"

    def test_the_service_runs_as_nobody_and_may_not_ask_aws(self, template):
        for task in of_type(template, "AWS::ECS::TaskDefinition").values():
            (container,) = task["ContainerDefinitions"]
            assert (container["User"], container["ReadonlyRootFilesystem"]) == ("10001", True)
        assert set(template["Resources"]["ServiceRole"]["Properties"]) == {"AssumeRolePolicyDocument"}

    def test_every_alarm_tells_somebody(self, template):
        alarms = of_type(template, "AWS::CloudWatch::Alarm")
        assert len(alarms) >= 5
        assert all(alarm["AlarmActions"] == [{"Ref": "Alarms"}] for alarm in alarms.values())

    def test_secrets_are_named_and_never_written_here(self, template):
        for secret in of_type(template, "AWS::SecretsManager::Secret").values():
            assert set(secret) == {"Description"}
        for path in DEPLOY.iterdir():
            if path.is_file() and path.suffix != ".lock":
                assert not re.search(r"\b[0-9a-f]{40,}\b|AKIA[0-9A-Z]{16}", path.read_text(encoding="utf-8")), path.name


class TestRelease:
    def stubbed(self, keys):
        import boto3
        from botocore.response import StreamingBody
        from botocore.stub import Stubber

        invented = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}  # nothing is sent: the stub answers
        client = boto3.client("s3", region_name="ca-central-1", **invented)
        stub = Stubber(client)
        stub.add_response(
            "list_objects_v2", {"Contents": [{"Key": key} for key in keys]}, {"Bucket": "b", "Prefix": "release_1/"}
        )
        for key in keys:
            if not key.endswith("/"):
                body = StreamingBody(io.BytesIO(key.encode()), len(key))
                stub.add_response("get_object", {"Body": body}, {"Bucket": "b", "Key": key})
        stub.activate()
        return client

    def test_a_release_is_fetched_file_by_file(self, tmp_path):
        from examples.deploy.publish_from_s3 import fetch

        client = self.stubbed(["release_1/", "release_1/master.xlsx", "release_1/pages/1.md"])
        fetch(client, "b", "release_1", tmp_path)
        found = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*.*")}
        assert found == {"master.xlsx": "release_1/master.xlsx", "pages/1.md": "release_1/pages/1.md"}

    def test_a_name_that_leaves_the_folder_is_refused(self, tmp_path):
        from examples.deploy.publish_from_s3 import fetch

        with pytest.raises(ValueError, match="would leave the folder"):
            fetch(self.stubbed(["release_1/../../etc/passwd"]), "b", "release_1", tmp_path)
        assert list(tmp_path.iterdir()) == []
