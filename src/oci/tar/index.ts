/** The tar codec: {@link readTar}, {@link TarWriter}, and tar-split to give imported layers back bit for bit. */
export {
  type EntryType,
  type Extent,
  memberPath,
  shownPath,
  TarError,
  type TarErrorCode,
  type TarHeader,
  type TarTime,
} from "./entry.ts";
export {
  type Fragment,
  type ReadTarOptions,
  readTar,
  type TarEntry,
  type TarRecorder,
} from "./reader.ts";
export { replayTarSplit, TarSplitWriter } from "./split.ts";
export { encodeHeader, plainHeader, TAR_END, TarWriter } from "./writer.ts";
