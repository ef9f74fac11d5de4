"""The software bill of materials of a wheel: what it installs with (requirements.lock) and the networks it carries, as CycloneDX 1.6."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BillOfMaterials(BuildHookInterface[Any]):
    """Writes tecla.cdx.json beside the wheel and into its .dist-info/sboms (PEP 770)."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by the build before it packs the wheel; `version` is "standard" or "editable"."""
        target = Path(self.directory) / "tecla.cdx.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(bill(Path(self.root), self.metadata.version), indent=1) + "\n", encoding="utf-8")
        build_data["sbom_files"].append(str(target))


def bill(root: Path, version: str) -> dict[str, Any]:
    """The document; nothing in it depends on when or where it is made."""
    locked = (root / "requirements.lock").read_text("utf-8")
    packages = [
        {
            "type": "library",
            "name": name,
            "version": number,
            "purl": f"pkg:pypi/{name}@{number}",
            "bom-ref": f"pkg:pypi/{name}@{number}",
        }
        for name, number in re.findall(r"^([a-z0-9-]+)==(\S+)", locked, re.MULTILINE)
    ]
    networks = [
        {
            "type": "machine-learning-model",
            "name": path.stem,
            "version": version,
            "bom-ref": f"tecla/weights/{path.name}",
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}],
        }
        for path in sorted((root / "src" / "tecla" / "weights").glob("*.onnx"))
    ]
    ours = {"type": "application", "name": "tecla", "version": version, "purl": f"pkg:pypi/tecla@{version}", "bom-ref": "tecla"}
    needs = [component["bom-ref"] for component in (*packages, *networks)]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": ours | {"licenses": [{"license": {"id": "Apache-2.0"}}]}},
        "components": [*packages, *networks],
        "dependencies": [{"ref": "tecla", "dependsOn": needs}],
    }
