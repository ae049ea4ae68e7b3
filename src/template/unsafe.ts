/** Marking values as unsafe (see `values/`). */
export { holdsUnsafe, wrapUnsafe } from "../values/unsafe.ts";
