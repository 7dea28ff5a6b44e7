"""Signs model files, and reads and writes the RSA keys for it (needs the sign extra)."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host_tools import files
from host_tools.deploy.keys import create, read_private
from host_tools.errors import RivuletError
from rivulet.model import SIGNATURE
from rivulet.store.signature import DOMAIN, EXPONENT, SIZES

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_ALIGNMENT = 8


def new_signing_key(path: Path) -> Path:
    """Write a new RSA-2048 key to `path` (PEM, readable by its owner only) and path.pub.

    Returns the public key's path. Raises RivuletError, also if one of the files exists.
    """
    _need_cryptography()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    public_path = Path(f"{path}.pub")
    if public_path.exists():
        raise RivuletError(
            f"{public_path} exists, and keys are not overwritten: choose another name"
        )
    key = rsa.generate_private_key(EXPONENT, 8 * min(SIZES))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    create(path, private)
    files.write_bytes(public_path, public)
    return public_path


def read_public_key(path: Path) -> bytes:
    """Return the modulus of a public key in PEM, big-endian. Raises RivuletError."""
    _need_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    files.check_input(path)
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise RivuletError(f"{path} is not a public key in PEM: give the .pub file") from None
    if not isinstance(key, RSAPublicKey):
        raise RivuletError(f"{path} is not an RSA key, the only kind that boards verify")
    numbers = key.public_numbers()
    _check_numbers(path, numbers.n, numbers.e)
    modulus: bytes = numbers.n.to_bytes(numbers.n.bit_length() // 8, "big")
    return modulus


def sign(model: bytes, signing_key: Path) -> bytes:
    """Return the model file with its signature as the last tensor, in place of a former one.

    model: a safetensors file that has been checked. Raises RivuletError.
    """
    _need_cryptography()
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, utils

    key = _read_signing_key(signing_key)
    length = key.key_size // 8
    content = _with_room(model, length)
    digest = hashlib.sha256(DOMAIN + content).digest()
    signature: bytes = key.sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
    return content + signature


def sign_file(model: Path, signing_key: Path, out: Path) -> None:
    """Write the signed `model` to `out`, which may be the same file. Raises RivuletError."""
    files.check(out, (signing_key,))
    files.write_bytes(out, sign(model.read_bytes(), signing_key))


def _with_room(model: bytes, length: int) -> bytes:
    """Return the file up to the signature, with a header that lists it."""
    end = 8 + int.from_bytes(model[:8], "little")
    header: dict[str, Any] = json.loads(model[8:end])
    tensors = model[end:]
    former = header.pop(SIGNATURE, None)
    if former is not None:
        tensors = tensors[: former["data_offsets"][0]]
    offsets = [len(tensors), len(tensors) + length]
    header[SIGNATURE] = {"dtype": "U8", "shape": [length], "data_offsets": offsets}
    text = json.dumps(header, sort_keys=True).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return len(text).to_bytes(8, "little") + text + tensors


def _read_signing_key(path: Path) -> "RSAPrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    text = read_private(path)
    try:
        key = serialization.load_pem_private_key(text, password=None)
    except TypeError:
        raise RivuletError(f"{path} is encrypted: decrypt it first") from None
    except (ValueError, UnsupportedAlgorithm):
        raise RivuletError(
            f"{path} is not a private key in PEM: 'rivulet key signing FILE' makes one"
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise RivuletError(f"{path} is not an RSA key, the only kind that boards verify")
    numbers = key.public_key().public_numbers()
    _check_numbers(path, numbers.n, numbers.e)
    return key


def _check_numbers(path: Path, modulus: int, exponent: int) -> None:
    if modulus.bit_length() not in [8 * size for size in SIZES] or exponent != EXPONENT:
        sizes = " or ".join(str(8 * size) for size in SIZES)
        raise RivuletError(
            f"{path}: boards verify only RSA keys of {sizes} bits with e = {EXPONENT}"
        )


def _need_cryptography() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise RivuletError(
            "signing needs the package cryptography: pip install 'rivulet[sign]'"
        ) from None
