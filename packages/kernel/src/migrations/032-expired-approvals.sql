-- An approval that nobody gave in time says so.
alter table roost.approval
  drop constraint approval_state_check,
  add constraint approval_state_check check (state in ('asked', 'granted', 'refused', 'used', 'expired')),
  drop constraint approval_decided,
  add constraint approval_decided check ((state in ('asked', 'expired')) = (question_id is null) and (question_id is null) = (decided_by is null));
create index approval_asked on roost.approval (expires_at) where state = 'asked';
