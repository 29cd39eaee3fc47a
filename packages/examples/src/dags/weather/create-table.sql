create table if not exists weather_by_month (
  month text primary key,
  days integer not null,
  rainy_days integer not null,
  precipitation_mm numeric(7, 1) not null,
  mean_max_temperature_c numeric(4, 1) not null
);
