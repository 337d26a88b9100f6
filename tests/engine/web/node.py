"""Run the page's JavaScript in Node."""

import base64
import json
import shutil
import subprocess

import pytest

from elman.engine import web
from elman.playground.scripts import joined
from elman.tensors import tensors_of

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed; it runs the page's code in these tests")
RUN = """
const encode = (x) => typeof x === "number" && !Number.isFinite(x) ? String(x) : x;
(async () => {
  const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const answer = await main(given);
  process.stdout.write(JSON.stringify(answer, (_, v) => ArrayBuffer.isView(v) ? [...v].map(encode) : encode(v)));
})().catch((e) => { console.error(e.stack); process.exit(1); });
"""


def run(modules, main, given, tmp_path, timeout=120):
    """Run ``async function main(given)`` after the page's modules; return what it returns."""
    path = tmp_path / "run.cjs"
    path.write_text('"use strict";\n' + joined(*modules) + main + RUN, "utf-8")
    done = subprocess.run(
        [NODE, str(path)], input=json.dumps(given), capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def encoded(data):
    return base64.b64encode(data).decode()


def products():
    return {"bytes": encoded(web.products()), "tile": web.tile_sizes()}


def parameters(cell):
    return {name: tensor.detach().flatten().tolist() for name, tensor in tensors_of(cell)}
