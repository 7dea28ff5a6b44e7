"""Signatures between three parties: this project's host tools, the board's code, and OpenSSL."""

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from host_tools.boards import load_board
from host_tools.deploy.flash import flash
from host_tools.deploy.provision import AccessSettings, fingerprint
from host_tools.deploy.signing import new_signing_key, read_public_key, sign, sign_file
from host_tools.errors import RivuletError
from host_tools.link.wire import Board
from host_tools.model_header import read_settings
from host_tools.paths import ROOT
from host_tools.simulate.virtual import VirtualBoard
from rivulet.store.signature import DOMAIN, is_signed
from tests.conftest import make_model

pytest.importorskip("cryptography")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "signing.pem"
    assert new_signing_key(path) == path.with_name("signing.pem.pub")
    return path


def public(signing_key: Path) -> Path:
    return signing_key.with_name(signing_key.name + ".pub")


def test_a_signed_model_is_the_same_model(signing_key: Path, model: Path, tmp_path: Path) -> None:
    signed = tmp_path / "signed.safetensors"
    sign_file(model, signing_key, signed)
    assert read_settings(signed)[0] == read_settings(model)[0]
    tensors, before = load_file(signed), load_file(model)
    assert tensors.pop("signature").shape == (256,)
    assert tensors.keys() == before.keys()
    assert all((tensors[name] == before[name]).all() for name in before)
    # Signing again, also in place, replaces the signature.
    once = signed.read_bytes()
    sign_file(signed, signing_key, signed)
    assert signed.read_bytes() == once
    assert not list(tmp_path.glob("*.part"))


def test_the_board_s_code_takes_it_and_no_other(
    signing_key: Path, model: Path, tmp_path: Path
) -> None:
    modulus = read_public_key(public(signing_key))
    data = sign(model.read_bytes(), signing_key)
    assert is_signed(io.BytesIO(data), len(data), modulus)
    new_signing_key(tmp_path / "other")
    other = sign(model.read_bytes(), tmp_path / "other")
    assert not is_signed(io.BytesIO(other), len(other), modulus)
    assert len(other) == len(data) and other[:-256] == data[:-256]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
@pytest.mark.parametrize("bits", [2048, 3072])
def test_openssl_agrees(bits: int, model: Path, tmp_path: Path) -> None:
    key, pub = tmp_path / "key.pem", tmp_path / "key.pub"

    def openssl(*arguments: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, timeout=200)

    assert openssl("genrsa", "-out", key, bits).returncode == 0
    key.chmod(0o600)
    assert openssl("rsa", "-in", key, "-pubout", "-out", pub).returncode == 0
    data = sign(model.read_bytes(), key)
    assert is_signed(io.BytesIO(data), len(data), read_public_key(pub))
    content, signature = tmp_path / "content", tmp_path / "signature"
    content.write_bytes(DOMAIN + data[: -bits // 8])
    signature.write_bytes(data[-bits // 8 :])
    done = openssl("dgst", "-sha256", "-verify", pub, "-signature", signature, content)
    assert done.stdout == b"Verified OK\n"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_keys_that_boards_do_not_verify(model: Path, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    for arguments, message in (
        (("genrsa", "-out", key, "1024"), "RSA keys of 2048 or 3072 bits"),
        (("genrsa", "-3", "-out", key, "2048"), "with e = 65537"),
        (("genpkey", "-algorithm", "ED25519", "-out", key), "not an RSA key"),
    ):
        command = ["openssl", *map(str, arguments)]
        subprocess.run(command, capture_output=True, timeout=200, check=True)
        key.chmod(0o600)
        with pytest.raises(RivuletError, match=message):
            sign(model.read_bytes(), key)


def test_files_that_are_no_keys(
    signing_key: Path, model: Path, tmp_path: Path, rivulet: Run
) -> None:
    def said(*arguments: object) -> str:
        done = rivulet(*arguments)
        assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    text = tmp_path / "text.pem"
    text.write_text("nothing\n")
    text.chmod(0o600)
    assert "not a private key in PEM" in said("sign", model, "--signing-key", text)
    assert "No such file" in said("sign", model, "--signing-key", tmp_path / "none")
    assert "not a model file" in said("sign", text, "--signing-key", signing_key)
    flashing = ("flash", "--board", "virtual", "--trust")
    assert "not a public key in PEM" in said(*flashing, signing_key)
    assert "No such file" in said(*flashing, tmp_path / "none")
    assert "exists, and keys are not overwritten" in said("key", "signing", signing_key)


def test_a_board_that_trusts_a_key(
    board: VirtualBoard, signing_key: Path, model: Path, tmp_path: Path, rivulet: Run
) -> None:
    board.power_on()
    port = ("--port", board.port)
    assert rivulet("push", model, *port).returncode == 0
    done = rivulet("flash", "--board", "virtual", *port, "--trust", public(signing_key))
    assert done.returncode == 0, done.stderr
    name = fingerprint(read_public_key(public(signing_key)))
    # The unsigned model that was active is refused at the start.
    said = rivulet("status", *port).stdout
    assert f"only those signed by {name}" in said and "not signed by the key" in said
    done = rivulet("push", model, *port)
    assert done.returncode == 1 and "not signed by the key" in done.stderr
    done = rivulet("sign", model, "--signing-key", signing_key)
    assert done.returncode == 0 and done.stdout == f"{model}: signed\n"
    assert rivulet("push", model, *port).returncode == 0
    board.power_off()
    board.power_on()
    with Board(str(board.port)) as wire:
        assert wire.status()["boot_error"] == "" and wire.status()["hidden"] == 6


def test_a_board_that_keeps_its_version(board: VirtualBoard, tmp_path: Path, rivulet: Run) -> None:
    weights, out = ROOT / "models" / "activity" / "weights.npz", tmp_path / "model.safetensors"
    done = rivulet("convert", weights, "-o", out, "--version", 2, "--dtype", "int8")
    assert done.returncode == 0, done.stderr
    assert read_settings(out)[0]["version"] == 2
    board.power_on()
    flash(str(board.port), load_board("virtual"), access=AccessSettings(keep_version=True))
    with Board(str(board.port)) as wire:
        wire.push(out.read_bytes())
        assert wire.status()["version_at_least"] == 2
        old = make_model(tmp_path / "old.safetensors")  # without a version: 0
        with pytest.raises(RivuletError, match="its version is 0 and this board has confirmed 2"):
            wire.push(old.read_bytes())
