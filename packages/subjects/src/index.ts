export { reserveSubject, listSubjects, releaseSubject } from "./reserve-subject.ts";
export { subjectsSchema } from "./subjects-schema.ts";
export { readSubject, type SubjectWords } from "./read-subject.ts";
export { shareWithin } from "./score-subjects.ts";
