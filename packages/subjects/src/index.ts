export { reserveSubject, listSubjects, releaseSubject } from "./reserve-subject.ts";
