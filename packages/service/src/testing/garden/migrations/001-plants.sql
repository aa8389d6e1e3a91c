-- Plants, and how often each was watered, by the events of the garden.
create table svc_garden.plant (
  id       uuid primary key,
  name     text not null,
  revision integer not null default 1
);
create table svc_garden.watering (
  plant_id uuid primary key,
  count    integer not null
);
