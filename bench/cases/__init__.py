# SPDX-License-Identifier: GPL-2.0-or-later
"""One module for each group of benchmarks; BENCHMARKS lists what it offers."""
