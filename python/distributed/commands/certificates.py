"""Certificates for the job plane: an authority, and one certificate for each claim it signs.

A claim is `role/datacenter`; a client's is `client/`. It stands in the subject's organizational
unit, where nodes look for it. Keys are ECDSA over P-256, extensions follow RFC 5280, section 4.2.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from distributed.errors import ConfigError
from distributed.settings.sections import AUTHORITY, KEY_SUFFIX, PEM_SUFFIX, file_stem
from distributed.types import Role

AUTHORITY_KEY = f"authority{KEY_SUFFIX}"
PRIVATE, PUBLIC = 0o600, 0o644
CLOCKS_MAY_DIFFER = timedelta(hours=1)


class Written(msgspec.Struct, frozen=True):
    """One certificate: its claim, its files and its last day."""

    claim: str
    certificate: str
    key: str
    expires: str


def make_authority(folder: Path, *, days: int) -> Written:
    """An authority of the cluster's own in `folder`: `authority.pem` and `authority.key`.

    Raises:
        ConfigError: there is one already, or the folder cannot be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shoal authority")])
    usage = _usage(key_cert_sign=True, crl_sign=True)
    unsigned = _unsigned(subject, subject, key.public_key(), days).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    certificate = unsigned.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    return _write(folder, "authority", "authority", certificate, key)


def issue(folder: Path, claim: str, *, name: str = "", days: int) -> Written:
    """A certificate for a claim, signed by the authority of `folder`, beside it.

    `name` is the holder's, and of its files; without one both are called after the claim.

    Raises:
        ConfigError: the claim is none, the authority cannot be read, or the files exist.
    """
    role, datacenter = parsed(claim)
    authority, signer = _authority(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    stem = name or file_stem(role, datacenter)
    if "/" in stem or stem in ("", ".", ".."):
        raise ConfigError(f"{stem!r} cannot be a file's name", field="name")
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{role}/{datacenter}"),
            x509.NameAttribute(NameOID.COMMON_NAME, stem),
        ]
    )
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    certificate = (
        _unsigned(subject, authority.subject, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(both), critical=False)
        .add_extension(issuer_id, critical=False)
        .sign(signer, hashes.SHA256())
    )
    return _write(folder, stem, f"{role}/{datacenter}", certificate, key)


def parsed(claim: str) -> tuple[Role, str]:
    """Role and datacenter of a claim.

    Raises:
        ConfigError: it is not of that form, or no node claims it.
    """
    role, _, datacenter = claim.partition("/")
    known = [known.value for known in Role if known is not Role.MEMBER]
    if role not in known:
        raise ConfigError(f"{claim!r} must begin with one of {', '.join(known)}", field="claim")
    if (role == Role.CLIENT) != (datacenter == "") or "/" in datacenter:
        raise ConfigError(
            f"{claim!r} must look like gate/north, or client/ for clients", field="claim"
        )
    return Role(role), datacenter


def describe(path: Path) -> Written:
    """What a certificate claims and until when.

    Raises:
        ConfigError: the file is no certificate.
    """
    certificate = _certificate(path)
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    claim = str(units[0].value) if units else "authority"
    return _told(claim, path, path.with_suffix(KEY_SUFFIX), certificate)


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    if days < 1:
        raise ConfigError("must be at least one day", field="days")
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_MAY_DIFFER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    path = folder / AUTHORITY_KEY
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror}; `shoal tls init` makes it", field="folder"
        ) from error
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path} is not a key without a password", field="folder") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigError(f"{path} is not an elliptic-curve key", field="folder")
    return _certificate(folder / AUTHORITY), key


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", field="file") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not a PEM certificate", field="file") from error


def _write(
    folder: Path,
    stem: str,
    claim: str,
    certificate: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
) -> Written:
    paths = folder / f"{stem}{PEM_SUFFIX}", folder / f"{stem}{KEY_SUFFIX}"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        _write_new(paths[1], secret, PRIVATE)
        _write_new(paths[0], certificate.public_bytes(Encoding.PEM), PUBLIC)
    except FileExistsError as error:
        raise ConfigError(
            f"{error.filename} is there already and is not replaced", field="folder"
        ) from error
    except OSError as error:
        raise ConfigError(f"cannot write {folder}: {error.strerror}", field="folder") from error
    return _told(claim, *paths, certificate)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _told(claim: str, path: Path, key: Path, certificate: x509.Certificate) -> Written:
    last = certificate.not_valid_after_utc.date().isoformat()
    return Written(claim, str(path), str(key), last)
