"""Load flows beside the peers, one thread, CPU time, runs alternating. Needs the packages of ../shared/peers/energy and
`cargo build --release -p citytwin-energy --example grid_speed`.
usage: against_peers.py PATH/TO/grid_speed SHARED [hours] [phases] [single] [mesh] [growth]"""
import os, statistics, subprocess, sys, tempfile, time, warnings
warnings.filterwarnings('ignore')
import numpy as np
ours, shared = sys.argv[1:3]
what = sys.argv[3:] or ['hours', 'phases', 'single', 'mesh']
sys.path.insert(0, os.path.join(shared, 'peers/energy'))
from city import build, profile, to_pgm, write_csv, SIZES
import power_grid_model as pgm
data = os.path.join(shared, 'data/energy/grid')
ROUNDS = 5

def run(*arguments, threads=1):
    out = subprocess.run([ours, *map(str, arguments)], env={**os.environ, 'RAYON_NUM_THREADS': str(threads)}, capture_output=True, text=True, check=True)
    return [float(x) for x in out.stdout.split()]

def cpu(work, rounds=1):
    best = 1e9
    for _ in range(rounds):
        start = time.process_time(); work(); best = min(best, time.process_time() - start)
    return best

if 'hours' in what:
    hours = 8760
    d = build(*SIZES['1k']); inp = to_pgm(d); prof = profile(len(d['load_node']), hours)
    P, Q = d['p'] * prof, d['q'] * abs(prof)
    folder = tempfile.mkdtemp(); P.tofile(folder + '/p'); Q.tofile(folder + '/q')
    model = pgm.PowerGridModel(inp); update = {'sym_load': {'p_specified': P, 'q_specified': Q}}
    def peer(method):
        return lambda: model.calculate_power_flow(symmetric=True, error_tolerance=1e-8, max_iterations=50, calculation_method=method,
            update_data=update, threading=-1, output_component_types={'node': ['u_pu']})
    seen = {'ours': [], 'iterative_current': [], 'newton_raphson': []}
    for _ in range(ROUNDS):
        seen['ours'].append(run('hours', f'{data}/case_1k', folder + '/p', folder + '/q', hours))
        for method in ('iterative_current', 'newton_raphson'):
            seen[method].append(cpu(peer(method)))
    mine = statistics.median(x[0] for x in seen['ours'])
    print(f'ours {mine:.4f} s = {hours / mine:.0f} load flows per CPU second, {seen["ours"][0][1:4]}')
    for method in ('iterative_current', 'newton_raphson'):
        theirs = statistics.median(seen[method])
        print(f'{method}: {theirs:.3f} s = {hours / theirs:.0f} per CPU second; ratio {theirs / mine:.1f}')
    walls = [[run('hours', f'{data}/case_1k', folder + '/p', folder + '/q', hours, threads=n)[4] for n in (1, 2)] for _ in range(ROUNDS)]
    print(f'two threads over one, wall: {statistics.median(a / b for a, b in walls):.2f}')
if 'phases' in what:
    d = build(*SIZES['1k']); inp = to_pgm(d); n = len(d['load_node']); hours = 2000; prof = profile(n, 8760)[:hours]
    share = np.random.default_rng(3).dirichlet([1, 1, 1], n)
    asym = pgm.initialize_array('input', 'asym_load', n)
    for a in ('id', 'node', 'status', 'type'): asym[a] = inp['sym_load'][a]
    asym['p_specified'] = inp['sym_load']['p_specified'][:, None] * share; asym['q_specified'] = inp['sym_load']['q_specified'][:, None] * share
    model = pgm.PowerGridModel({**{k: v for k, v in inp.items() if k != 'sym_load'}, 'asym_load': asym})
    P, Q = (d['p'] * prof)[:, :, None] * share[None], (d['q'] * abs(prof))[:, :, None] * share[None]
    folder = tempfile.mkdtemp(); P.tofile(folder + '/p'); Q.tofile(folder + '/q')
    update = {'asym_load': {'p_specified': P, 'q_specified': Q}}; seen = {'ours': [], 'iterative_current': [], 'newton_raphson': []}
    for _ in range(3):
        seen['ours'].append(run('phases', f'{data}/case_1k', folder + '/p', folder + '/q', hours))
        for method in ('iterative_current', 'newton_raphson'):
            def solve():
                global out
                out = model.calculate_power_flow(symmetric=False, error_tolerance=1e-8, max_iterations=50, calculation_method=method,
                    update_data=update, threading=-1, output_component_types={'node': ['u_pu']})
            seen[method].append(cpu(solve))
    u = out['node']['u_pu']; mine = statistics.median(x[0] for x in seen['ours'])
    print(f'three phases: ours {mine:.4f} s = {hours / mine:.0f} per CPU second, {seen["ours"][0][1:]}; peer from {u.min():.9f} to {u.max():.9f}')
    for method in ('iterative_current', 'newton_raphson'):
        theirs = statistics.median(seen[method])
        print(f'{method}: {theirs:.3f} s = {hours / theirs:.0f} per CPU second; ratio {theirs / mine:.1f}')
if 'single' in what or 'growth' in what:
    sizes = [('1k', SIZES['1k']), ('10k', SIZES['10k']), ('100k', SIZES['100k'])] + ([('1M', (1000, 20, 4, 12))] if 'growth' in what else [])
    for name, size in sizes:
        d = build(*size); folder = tempfile.mkdtemp(); write_csv(d, folder); inp = to_pgm(d)
        model = pgm.PowerGridModel(inp); mine, theirs = [], []
        for _ in range(3):
            mine.append(run('single', folder))
            best = []
            for method in ('iterative_current', 'newton_raphson'):
                solve = lambda m: m.calculate_power_flow(symmetric=True, error_tolerance=1e-8, max_iterations=50, calculation_method=method, output_component_types=['node'])
                solve(model)
                best.append((cpu(lambda: solve(model), 3), cpu(lambda: solve(pgm.PowerGridModel(inp)), 2)))
            theirs.append((min(b[0] for b in best), min(b[1] for b in best)))
        m, t = [[1e3 * statistics.median(x[k] for x in rows) for k in (0, 1)] for rows in (mine, theirs)]
        print(f'{name}: ours {m[0]:.2f} ms warm, {m[1]:.2f} cold; power-grid-model {t[0]:.2f} warm, {t[1]:.2f} cold; ratios {t[0] / m[0]:.2f}, {t[1] / m[1]:.2f}')
if 'mesh' in what:
    import pandapower as pp
    from lightsim2grid.gridmodel import init_from_pandapower
    net = pp.from_json(f'{data}/case1354pegase.pandapower.json'); pp.runpp(net)
    grid = init_from_pandapower(net); flat = np.exp(1j * np.angle(grid.dc_pf(np.ones(len(net.bus), dtype=complex), 10, 1e-8)))
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(run('mesh', f'{data}/case1354pegase.m')[0])
        theirs.append(cpu(lambda: grid.ac_pf(flat.copy(), 20, 1e-8), 50))
    m, t = statistics.median(mine), statistics.median(theirs)
    print(f'case1354pegase: ours {1e3 * m:.3f} ms, lightsim2grid {1e3 * t:.3f} ms, ratio {t / m:.2f}')
