# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration texts and the protocol's arithmetic.

HF_ENGINE (ipvs, nftables) in the environment chooses what carries the virtual servers."""
import os

ENGINE = os.environ.get("HF_ENGINE", "")


def globals_(extra=""):
    if ENGINE:
        extra = f"lvs_engine {ENGINE}\n    {extra}"
    return ("global_defs {\n    router_id lab\n    script_user root\n    enable_script_security\n"
            f"    {extra}\n}}\n")


def instance(name="VI_1", vrid=51, priority=100, interface="eth0", version=3, interval=0.1,
             vips=("192.0.2.100/24",), extra="", state="BACKUP"):
    lines = [f"vrrp_instance {name} {{", f"    state {state}", f"    interface {interface}",
             f"    version {version}", f"    virtual_router_id {vrid}", f"    priority {priority}",
             f"    advert_int {interval}"]
    lines += ["    " + line.strip() for line in extra.splitlines()]
    if vips:
        lines += ["    virtual_ipaddress {", *(f"        {vip}" for vip in vips), "    }"]
    return "\n".join(lines) + "\n}\n"


def config(*blocks, extra=""):
    """global_defs and the blocks; one default instance if none is given."""
    return globals_(extra) + "".join(blocks or (instance(),))


def v2(**fields):
    """A version 2 instance; its shortest interval is a second."""
    return instance(**{"version": 2, "interval": 1, **fields})


TCP_CHECK = "TCP_CHECK {\n    connect_timeout 2\n    retry 0\n}"


def real_server(address, port=80, weight=1, check=TCP_CHECK, extra=""):
    lines = [f"real_server {address} {port if port else ''} {{", f"    weight {weight}"]
    lines += ["    " + line for line in (extra + "\n" + check).splitlines() if line.strip()]
    return "\n".join(lines) + "\n}\n"


def virtual_server(name, servers, *, scheduler="rr", method="NAT", protocol="TCP", delay=1, extra=""):
    """`name` is what follows the keyword: "192.0.2.100 80", "fwmark 5", "group G"; `servers` are
    texts of real_server()."""
    lines = [f"virtual_server {name} {{", f"    delay_loop {delay}", f"    lvs_sched {scheduler}",
             f"    lvs_method {method}"]
    lines += [f"    protocol {protocol}"] if protocol else []
    lines += ["    " + line for text in (extra, *servers) for line in text.splitlines() if line.strip()]
    return "\n".join(lines) + "\n}\n"


def skew(priority, interval=0.1, version=3):
    return (256 - priority) / 256 * (interval if version == 3 else 1)


def master_down(priority, interval=0.1, version=3, adverts=3):
    return adverts * interval + skew(priority, interval, version)
