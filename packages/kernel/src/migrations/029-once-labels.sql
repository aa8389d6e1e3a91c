-- The labels of what was said of an effect that happened once, by number: everybody who asks for the effect is given it.
alter table roost.once add column labels integer not null default 1;
