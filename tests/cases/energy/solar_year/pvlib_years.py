"""Years of plane-of-array irradiation and of alternating current by pvlib 0.16.1, as `pvlib.csv` has them.
pip install pvlib==0.16.1; python pvlib_years.py FOLDER_OF_EPW > pvlib.csv"""
import sys
import numpy as np
import pandas as pd
import pvlib
from pvlib import irradiance, pvsystem, temperature

FILES = ["NLD_Amsterdam062400_IWEC.epw", "USA_CO_Denver.Intl.AP.725650_TMY3.epw"]
PLANES = [(0, 180), (30, 180), (35, 90), (35, 270), (90, 180), (90, 0)]

print("weather,tilt_deg,azimuth_deg,plane_kwh_m2,ac_kwh")
for name in FILES:
    table, meta = pvlib.iotools.read_epw(f"{sys.argv[1]}/{name}", coerce_year=2019)
    # Rows are the hour before their clock; pvlib's index is its start. The sun of its middle.
    middle = table.index + pd.Timedelta("30min")
    sun = pvlib.solarposition.get_solarposition(middle, meta["latitude"], meta["longitude"])
    zenith, azimuth = sun["apparent_zenith"].values, sun["azimuth"].values
    ghi, dni, dhi = [table[k].values for k in ("ghi", "dni", "dhi")]
    albedo = table["albedo"].values
    albedo = np.where((albedo > 0) & (albedo <= 1), albedo, 0.2)
    extra = irradiance.get_extra_radiation(middle, solar_constant=1361.0).values
    mass = pvlib.atmosphere.get_relative_airmass(zenith)
    for tilt, facing in PLANES:
        plane = irradiance.get_total_irradiance(
            tilt, facing, zenith, azimuth, dni, ghi, dhi, dni_extra=extra, airmass=mass, albedo=albedo, model="perez"
        )["poa_global"]
        plane = np.nan_to_num(plane)
        cell = temperature.faiman(plane, table["temp_air"].values, table["wind_speed"].values)
        dc = pvsystem.pvwatts_dc(plane, cell, 1000.0, -0.0047) * 0.86 / 0.97
        ac = pvlib.inverter.pvwatts(dc, 1000.0 / 1.1 / 0.96, 0.96)
        print(f"{name},{tilt},{facing},{plane.sum() / 1e3:.3f},{ac.sum() / 1e3:.3f}")
