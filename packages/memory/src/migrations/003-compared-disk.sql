-- Which history of the database's server the home's disk was last compared with, the whole of it. Another one follows a failover to a replica, which may lack
-- the last commits: until the disk was compared again, what Roost had written before may stand there unknown to the log.
create table memory.compared_disk (
  is_only  boolean primary key default true check (is_only),
  timeline text not null,
  -- Files that turned out to be such, until the person was told.
  found    text[] not null default '{}'
);
