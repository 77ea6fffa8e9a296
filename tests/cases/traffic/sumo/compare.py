#!/usr/bin/env python3
"""Compares `citytwin traffic simulate` with SUMO's microscopic run of the same scenario, trip by trip and edge by edge.

usage: compare.py SUMO_DATA [--citytwin target/release/citytwin] [--seeds 42,1,2] [--work DIR] [SCENARIO.sumocfg ...]
needs: pip install eclipse-sumo (SUMO_HOME is found by itself). SUMO_DATA holds bologna_acosta, bologna_joined, cologne8.
SUMO's results are kept in --work and used again.
"""
import argparse, csv, json, math, os, shutil, subprocess, sys, tempfile
import xml.etree.ElementTree as ET

CASES = ["bologna_acosta/run", "bologna_joined/run", "cologne8/cologne8"]


def sumo_home():
    if "SUMO_HOME" in os.environ:
        return os.environ["SUMO_HOME"]
    import sumo
    return sumo.SUMO_HOME


def run_sumo(config, out, seed, mode):
    trips, edges = os.path.join(out, "tripinfo.xml"), os.path.join(out, "edges.xml")
    if os.path.exists(trips) and os.path.exists(edges):
        return trips, edges
    os.makedirs(out, exist_ok=True)
    folder = os.path.join(out, "scenario")
    shutil.copytree(os.path.dirname(config), folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    config = os.path.join(folder, os.path.basename(config))
    named = ET.parse(config).getroot().find(".//additional-files")
    add = os.path.join(out, "edge_data.add.xml")
    with open(add, "w") as f:
        f.write(f'<additional><edgeData id="h" freq="3600" file="{edges}"/></additional>')
    additional = ",".join([os.path.join(folder, n) for n in named.get("value").split(",")] if named is not None else []) 
    meso = ["--mesosim", "true", "--meso-junction-control", "true"] if mode == "meso" else []
    subprocess.run([os.path.join(sumo_home(), "bin", "sumo"), "-c", config, "--no-step-log", "--no-warnings",
                    "--xml-validation", "never", "--seed", str(seed), "--tripinfo-output", trips,
                    "--additional-files", ",".join(x for x in [additional, add] if x), *meso],
                   check=True, stdout=subprocess.DEVNULL)
    return trips, edges


def sumo_results(trips, edges):
    found = {}
    for _, e in ET.iterparse(trips):
        if e.tag == "tripinfo":
            found[e.get("id")] = (float(e.get("duration")), float(e.get("departDelay")))
    links = {}
    for _, e in ET.iterparse(edges):
        if e.tag == "edge":
            row = links.setdefault(e.get("id"), [0.0, 0.0])
            row[0] += float(e.get("left", 0)) + float(e.get("arrived", 0))
            row[1] += float(e.get("sampledSeconds", 0))
    return found, links


def run_ours(program, config, out, seed, mode, end):
    command = [program, "traffic", "simulate", config, f"--{mode}", "--seed", str(seed), "--threads", "1", "--json", "--out", out]
    said = json.loads(subprocess.run(command + (["--end", str(end)] if end else []), check=True, capture_output=True, text=True).stdout)
    trips = {r["id"]: (float(r["duration_s"]), float(r["entered_s"]) - float(r["depart_s"]))
             for r in csv.DictReader(open(os.path.join(out, "trips.csv")))}
    links = {}
    for r in csv.DictReader(open(os.path.join(out, "links.csv"))):
        row = links.setdefault(r["edge"], [0.0, 0.0])
        row[0] += float(r["left"])
        row[1] += float(r["left"]) * float(r["mean_travel_time_s"] or 0)
    return trips, links, said


def correlation(a, b):
    n = len(a)
    ma, mb = sum(a) / n, sum(b) / n
    top = sum((x - ma) * (y - mb) for x, y in zip(a, b))
    return top / math.sqrt(sum((x - ma) ** 2 for x in a) * sum((y - mb) ** 2 for y in b))


def row(reference, other, ref_links, links):
    common = [i for i in reference if i in other]
    a, b = [reference[i][0] for i in common], [other[i][0] for i in common]
    p90 = lambda v: sorted(v)[int(0.9 * (len(v) - 1))]
    edges = [e for e in ref_links if e in links and ref_links[e][0] >= 20 and links[e][0] >= 20]
    times = [[x[e][1] / x[e][0] for e in edges] for x in (ref_links, links)]
    hours = 1.0
    geh = [math.sqrt(2 * (ref_links[e][0] - links.get(e, [0])[0]) ** 2 / max(1e-9, ref_links[e][0] + links.get(e, [0])[0]) / hours)
           for e in ref_links if ref_links[e][0] > 0]
    mean = lambda v: sum(v) / len(v)
    return (f"{len(common):6d} {mean(a):7.1f} {mean(b):7.1f} {100 * (mean(b) / mean(a) - 1):+6.1f} % {100 * (p90(b) / p90(a) - 1):+6.1f} % "
            f"{correlation(a, b):6.3f} {correlation(*times):6.3f} {100 * sum(g < 5 for g in geh) / len(geh):6.1f} % "
            f"{mean([reference[i][1] for i in common]):7.1f} {mean([other[i][1] for i in common]):7.1f}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("data")
    p.add_argument("scenario", nargs="*")
    p.add_argument("--citytwin", default="target/release/citytwin")
    p.add_argument("--seeds", default="42,1,2")
    p.add_argument("--work", default=os.path.join(tempfile.gettempdir(), "citytwin-sumo"))
    p.add_argument("--mode", default="micro", choices=["micro", "meso"])
    a = p.parse_args()
    seeds = [int(s) for s in a.seeds.split(",")]
    configs = a.scenario or [os.path.join(a.data, c + ".sumocfg") for c in CASES]
    print(f"{'scenario':16s} {'run':14s} trips   SUMO s  this s  mean     p90      r trip r time  GEH<5    depart delays s")
    for config in configs:
        name = os.path.basename(os.path.dirname(os.path.abspath(config)))
        end = ET.parse(config).getroot().find(".//end")
        end = float(end.get("value")) if end is not None else None
        runs = [sumo_results(*run_sumo(config, os.path.join(a.work, name, f"micro_{s}"), s, "micro")) for s in seeds]
        for s, other in zip(seeds[1:], runs[1:]):
            print(f"{name:16s} {'SUMO seed ' + str(s):14s} {row(runs[0][0], other[0], runs[0][1], other[1])}")
        for s, reference in zip(seeds, runs):
            trips, links, said = run_ours(a.citytwin, config, os.path.join(a.work, name, f"ours_{a.mode}_{s}"), s, a.mode, end)
            print(f"{name:16s} {'seed ' + str(s):14s} {row(reference[0], trips, reference[1], links)}  "
                  f"{said['vehicle_updates_per_s'] / 1e6:.1f} M updates/s")


if __name__ == "__main__":
    sys.exit(main())
