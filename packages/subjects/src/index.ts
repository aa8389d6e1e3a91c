export { reserveSubject, listSubjects, releaseSubject } from "./reserve-subject.ts";
export { subjectsSchema } from "./subjects-schema.ts";
