# SPDX-License-Identifier: GPL-2.0-or-later
"""A certificate authority for a test, and certificates good and bad."""
import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Writes PEM files into `directory`; `ca` is the path of its own certificate."""

    def __init__(self, directory):
        self.directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.ca = self._write("ca.pem", self._sign("Test Authority", self._key, (), 3650, None, None))

    def _write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as handle:
            handle.write(text)
        return path

    def _sign(self, subject, key, names, days, issuer, signer):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name(issuer or subject))
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - 30 * DAY).not_valid_after(now + days * DAY)
                   .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(signer or key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(self, file, *names, addresses=(), days=90, self_signed=False):
        """(certificate, key): paths. `days` may be in the past."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.DNSName(name) for name in names]
        alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        subject = (*names, *addresses, file)[0]
        pem = self._sign(subject, key, alternatives, days, None if self_signed else "Test Authority",
                         None if self_signed else self._key)
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                   serialization.NoEncryption())
        return self._write(f"{file}.pem", pem), self._write(f"{file}.key", secret)
