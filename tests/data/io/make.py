#!/usr/bin/env python3
"""Writes the files of this folder with NumPy and safetensors: python3 make.py. They are committed, so that tests need neither."""

import gzip
import io
import pathlib
import zipfile

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

here = pathlib.Path(__file__).resolve().parent


def npy(name, array, version=None):
    with open(here / f"{name}.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=version)


grid = (np.arange(6, dtype="<f4") / 4).reshape(2, 3)
for version in (1, 2, 3):
    npy(f"f32_v{version}", grid, (version, 0))
npy("f32_fortran", np.asfortranarray(grid))
npy("f32_big", grid.astype(">f4"))
npy("f32_big_fortran", np.asfortranarray(grid.astype(">f4")))
npy("i16_fortran_3d", np.asfortranarray((np.arange(60, dtype="<i2") - 30).reshape(3, 4, 5)))
npy("c128_big", np.array([1 + 2j, -0.5 + 1e300j], dtype=">c16"))
npy("f64_scalar", np.array(2.5))
npy("bool_empty", np.zeros((0, 4), dtype=bool))

arrays = {"grid": grid, "labels": np.arange(5, dtype="u1"), "text": np.array(["a", "bc"])}
np.savez(here / "stored.npz", **arrays)
np.savez_compressed(here / "deflated.npz", big=np.zeros((64, 64), dtype="<f8"), **arrays)
with zipfile.ZipFile(here / "zip64.npz", "w") as archive:
    with archive.open("grid.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array(member, grid)

save_file(
    {
        "bool": np.array([True, False, True]),
        "i8": np.array([-1, 2], dtype="i1"),
        "u64": np.array([2**64 - 1], dtype="u8"),
        "f16": np.array([0.5, -2.0], dtype="f2"),
        "bf16": np.array([1.5, -3.0], dtype=ml_dtypes.bfloat16),
        "f8e4m3": np.array([1.0, 448.0], dtype=ml_dtypes.float8_e4m3fn),
        "f8e5m2": np.array([1.0, -4.0], dtype=ml_dtypes.float8_e5m2),
        "f32": grid,
        "f64": np.array(2.5),
        "c64": np.array([1 - 2j], dtype="c8"),
        "empty": np.zeros((0, 3), dtype="f4"),
    },
    here / "every.safetensors",
    metadata={"made by": "safetensors", "größe": "ä"},
)

table = b"a,b,c\r\n1,2.5,-3\r\n4e2, 5 ,\"6\"\r\n"
(here / "table.csv").write_bytes(table)
packed = io.BytesIO()
with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as file:
    file.write(table)
(here / "table.csv.gz").write_bytes(packed.getvalue())
