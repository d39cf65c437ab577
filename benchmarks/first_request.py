"""From annotations as many as COCO train2014's to the first request at an endpoint: seconds and peak memory.

    python benchmarks/first_request.py            # 82,783 pictures, 45,174 of them with people, no picture drawn
    python benchmarks/first_request.py --pictures 8000

The annotations are the built-in world's, told again under new ids until they are as many; a server on this machine
notes the moment of the first request. Also prints the plan of the papers' 200,328 samples (`dry_run=true`).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from llavapose.scenes.world.world import WorldSettings, ensure_world

PICTURES, WITH_PEOPLE = 82_783, 45_174
SOURCE = 1000


def write_annotations(folder: Path, num: int) -> None:
    """COCO files of ``num`` pictures, the share with people being train2014's."""
    world = ensure_world(Path("outputs/world"), WorldSettings(num_train=SOURCE, num_val=1, seed=31))
    files = {}
    for kind in ("instances", "captions", "person_keypoints"):
        content = json.loads((world / "annotations" / f"{kind}_train.json").read_text())
        by_image: dict[int, list] = {image["id"]: [] for image in content["images"]}
        for annotation in content["annotations"]:
            by_image[annotation["image_id"]].append(annotation)
        files[kind] = (content, by_image)
    person = next(c["id"] for c in files["instances"][0]["categories"] if c["name"] == "person")
    for kind, (content, by_image) in files.items():
        images, annotations = [], []
        source = content["images"]
        for number in range(num):
            old = source[number % len(source)]
            new = {**old, "id": number + 1, "file_name": f"COCO_train2014_{number + 1:012d}.jpg"}
            images.append(new)
            for annotation in by_image[old["id"]]:
                alone = number % PICTURES >= WITH_PEOPLE
                if alone and (kind == "person_keypoints" or annotation.get("category_id") == person):
                    continue
                annotations.append({**annotation, "image_id": number + 1, "id": len(annotations) + 1})
        path = folder / "annotations" / f"{kind}_train2014.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**content, "images": images, "annotations": annotations}, separators=(",", ":")))
        size = path.stat().st_size / 1e6
        print(f"{path.name}: {len(images):,} pictures, {len(annotations):,} annotations, {size:.0f} MB")


class Server(ThreadingHTTPServer):
    """Notes when the first request comes, and says that the quota is used up so that the run ends."""

    first: float | None = None


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        server.first = server.first or time.monotonic()
        body = json.dumps({"error": {"message": "no quota", "type": "x", "code": "insufficient_quota"}}).encode()
        self.send_response(429)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    """Print a line of the annotations, the time to the first request, and the plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=PICTURES)
    options = parser.parse_args()
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_annotations(folder / "coco", options.pictures)
        command = [
            sys.executable, str(ROOT / "generate.py"), "experiment=paper_data", "teacher=gpt4o", "max_usd=none",
            f"scenes.root={folder / 'coco'}", f"data_dir={folder / 'samples'}",
            f"teacher.endpoint.base_url=http://127.0.0.1:{server.server_port}/v1",
        ]  # fmt: skip
        environment = os.environ | {"OPENAI_API_KEY": "a-key-for-this-machine"}
        start = time.monotonic()
        run = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        assert server.first is not None, run.stderr[-2000:]
        whole = time.monotonic() - start
        print(f"first request after {server.first - start:.1f} s; whole run {whole:.1f} s; peak {peak:.2f} GB")
        print(run.stdout)


if __name__ == "__main__":
    main()
