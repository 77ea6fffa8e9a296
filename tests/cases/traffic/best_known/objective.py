"""Objective of published link flows (TNTP *_flow.tntp); pure Python, needs ../shared beside the repository."""
import math, os

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("TNTP", os.path.join(HERE, "../../../../../shared/data/traffic/tntp"))
print("instance,toll_weight,distance_weight,objective")
for name, toll_w, dist_w in [("SiouxFalls", 0, 0), ("Anaheim", 0, 0), ("ChicagoSketch", 0.02, 0.04)]:
    flows = {}
    for line in open(f"{DATA}/{name}_flow.tntp"):
        c = line.split()
        if len(c) >= 4 and c[0].isdigit():
            flows[c[0], c[1]] = float(c[2])
    terms = []
    for line in open(f"{DATA}/{name}_net.tntp"):
        c = line.replace(";", " ").split()
        if len(c) >= 10 and c[0].isdigit():
            cap, length, t, b, p, toll = float(c[2]), float(c[3]), float(c[4]), float(c[5]), float(c[6]), float(c[8])
            v = flows[c[0], c[1]]
            terms.append(t * v * (1 + b * (v / cap) ** p / (p + 1)) + (toll_w * toll + dist_w * length) * v)
    print(f"{name},{toll_w},{dist_w},{math.fsum(terms)!r}")
