#!/usr/bin/env python3
"""One crossing with SUMO's gap-based actuated signals and unequal demand: mean duration and green times beside SUMO's.

usage: actuated.py [--greens target/release/examples/greens] [--seeds 42,1,2] [--work DIR]
needs: pip install eclipse-sumo (SUMO_HOME is found by itself); cargo build --release -p citytwin-traffic --example greens
The network is netgenerate's, with turning lanes of 60 m; vehicles come at random, an hour long, the same for both programs.
"""
import argparse, os, random, subprocess, sys, tempfile
import xml.etree.ElementTree as ET

# Vehicles an hour by arm and turn: straight, right, left.
DEMAND = {"left": (620, 60, 80), "right": (480, 60, 60), "top": (150, 40, 30), "bottom": (120, 30, 40)}
TURNS = {"left": ("right", "bottom", "top"), "right": ("left", "top", "bottom"),
         "top": ("bottom", "left", "right"), "bottom": ("top", "right", "left")}


def sumo_home():
    if "SUMO_HOME" in os.environ:
        return os.environ["SUMO_HOME"]
    import sumo
    return sumo.SUMO_HOME


def make(folder):
    os.makedirs(folder, exist_ok=True)
    subprocess.run([os.path.join(sumo_home(), "bin", "netgenerate"), "--grid", "--grid.number", "1", "--grid.attach-length", "500",
                    "--turn-lanes", "1", "--turn-lanes.length", "60", "--no-turnarounds", "--tls.default-type", "actuated",
                    "--default-junction-type", "traffic_light", "-o", os.path.join(folder, "cross.net.xml")],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    draw, vehicles = random.Random(1), []
    for arm, flows in DEMAND.items():
        for to, an_hour in zip(TURNS[arm], flows):
            at = draw.expovariate(an_hour / 3600)
            while at < 3600:
                vehicles.append((at, f"{arm}0A0 {arm}0A0.440.00 A0{to}0"))
                at += draw.expovariate(an_hour / 3600)
    with open(os.path.join(folder, "cross.rou.xml"), "w") as f:
        f.write("<routes>\n")
        for i, (at, edges) in enumerate(sorted(vehicles)):
            f.write(f'<vehicle id="{i}" depart="{at:.2f}" departSpeed="max"><route edges="{edges}"/></vehicle>\n')
        f.write("</routes>\n")
    config = os.path.join(folder, "cross.sumocfg")
    with open(config, "w") as f:
        f.write('<configuration><input><net-file value="cross.net.xml"/><route-files value="cross.rou.xml"/></input>'
                '<time><begin value="0"/><end value="4200"/></time></configuration>\n')
    return config


def run_sumo(config, seed):
    """Mean duration, and by phase how often it came and its mean length."""
    folder = os.path.dirname(config)
    states, trips, add = (os.path.join(folder, n) for n in ("tls.xml", "trips.xml", "tls.add.xml"))
    with open(add, "w") as f:
        f.write(f'<additional><timedEvent type="SaveTLSStates" source="A0" dest="{states}"/></additional>')
    subprocess.run([os.path.join(sumo_home(), "bin", "sumo"), "-c", config, "-a", add, "--seed", str(seed), "--no-step-log",
                    "--no-warnings", "--xml-validation", "never", "--tripinfo-output", trips], check=True, stdout=subprocess.DEVNULL)
    durations = [float(t.get("duration")) for t in ET.parse(trips).getroot().iter("tripinfo")]
    phases, last = {}, None
    for state in ET.parse(states).getroot():
        now, phase = float(state.get("time")), int(state.get("phase"))
        if now >= 3600:
            break
        if last and phase != last[0]:
            phases.setdefault(last[0], []).append(now - last[1])
        if not last or phase != last[0]:
            last = (phase, now)
    return sum(durations) / len(durations), {p: (len(v), sum(v) / len(v)) for p, v in phases.items()}


def run_ours(program, config, seed):
    said = subprocess.run([program, config, str(seed), "3600"], check=True, capture_output=True, text=True).stdout.splitlines()
    mean = float(said[0].split()[-1])
    rows = [line.split() for line in said[1:]]
    return mean, {int(r[1]): (int(r[2]), float(r[3])) for r in rows}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--greens", default="target/release/examples/greens")
    p.add_argument("--seeds", default="42,1,2")
    p.add_argument("--work", default=os.path.join(tempfile.gettempdir(), "citytwin-actuated"))
    a = p.parse_args()
    config = make(a.work)
    print("seed   mean duration, SUMO and here; by green phase how often it came and how long it lasted, s")
    for seed in map(int, a.seeds.split(",")):
        (theirs, sumo_phases), (ours, phases) = run_sumo(config, seed), run_ours(a.greens, config, seed)
        greens = ", ".join(f"{p}: {sumo_phases[p][0]} × {sumo_phases[p][1]:.1f} and {phases[p][0]} × {phases[p][1]:.1f}"
                           for p in sorted(phases) if phases[p][1] > 4 and p in sumo_phases)
        print(f"{seed:4d}   {theirs:.1f} and {ours:.1f} s ({100 * (ours / theirs - 1):+.1f} %); {greens}")


if __name__ == "__main__":
    sys.exit(main())
