"""Which machines may be asked for content: public ones only, so that nobody reads our own network through an import."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

from inhouse.core.errors import InhouseError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Host and port to the addresses that the name stands for.
Resolver = Callable[[str, int], Sequence[str]]

#: IPv6 ranges that carry an IPv4 address in their last 32 bits (NAT64).
_CARRIES_IPV4 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))


class PrivateAddress(InhouseError):
    """The address {host} leads into a private network, which is refused: use a public one."""


class UnknownHost(InhouseError):
    """Nothing has the name {host}: check the address."""


def public_address(host: str, port: int, resolve: Resolver, *, allow_private: bool) -> str:
    """The IP address to connect to. All that the name stands for must be public: one private one is an attack.

    The caller connects to this very address and never asks the name again, so that the answer can't change between.
    """
    try:
        found = [ipaddress.ip_address(address.split("%")[0]) for address in resolve(host, port)]
    except (OSError, UnicodeError) as error:
        raise UnknownHost(host=host[:200]) from error
    if not found:
        raise UnknownHost(host=host[:200])
    if not allow_private and not all(is_public(address) for address in found):
        raise PrivateAddress(host=host[:200])
    return str(found[0])


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, also where it carries another one inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if any(address in network for network in _CARRIES_IPV4):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
