const noCredit =
  /insufficient[_ ](quota|balance|credits?|funds)|credit balance is too low|account.{0,20}(arrears|overdue)|out of credits?|billing hard limit/i;
const wrongKey =
  /(api[ _]?key|(access|auth) token)\b.{0,30}\b(not valid|invalid|incorrect|expired|not found|missing)|(invalid|incorrect|expired|missing) (api[ _]?key|authentication|access token)|API_KEY_INVALID|login fail|unauthori[sz]ed/i;
const noModel =
  /(invalid|unknown|no such|non-?existent) model\b|\bmodel\b(?:[^.]|\.(?=\S)){0,120}(\bnot (exist|found)\b|n['’]t exist|not a valid model)/i;
const goneModel =
  /\bmodel\b(?:[^.]|\.(?=\S)){0,120}\b(decommissioned|deprecated|retired|discontinued|sunset|shut ?down|no longer (available|supported|exists?))\b|model_(decommissioned|not_found|deprecated)/i;
const refusedInput = /flagged|moderation|content policy/i;

/** The status that says what is meant: no credit is 402, a wrong key 401 and an unknown model 404, whatever was sent. Undefined for a failure without HTTP. */
export function meantStatus(status: number | undefined, text: string): number | undefined {
  if (status === undefined || status === 404) return status;
  if (noCredit.test(text)) return 402;
  if ((status === 400 || status === 403 || status === 500) && wrongKey.test(text)) return 401;
  if ((status === 400 || status === 422) && noModel.test(text)) return 404;
  if ((status === 400 || status === 403 || status === 410) && goneModel.test(text)) return 404;
  return status === 403 && refusedInput.test(text) ? 400 : status;
}
