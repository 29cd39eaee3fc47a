insert into weather_by_month (month, days, rainy_days, precipitation_mm, mean_max_temperature_c)
select month, days, "rainyDays", "precipitationMm", "meanMaxTemperatureC"
from json_to_recordset($1::json) as m (month text, days integer, "rainyDays" integer, "precipitationMm" numeric, "meanMaxTemperatureC" numeric)
on conflict (month) do update set
  days = excluded.days,
  rainy_days = excluded.rainy_days,
  precipitation_mm = excluded.precipitation_mm,
  mean_max_temperature_c = excluded.mean_max_temperature_c
returning month;
