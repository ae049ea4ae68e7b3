/** Labels by which Layerbook finds what it has made in a daemon. */

/** A container that a build needs only while it runs. */
export const SESSION_LABEL = "layerbook.session";
/** An image that holds the state of a build between two tasks. */
export const STATE_LABEL = "layerbook.state";
/** A snapshot of a container host; the value is the host's name in the inventory. */
export const SNAPSHOT_LABEL = "layerbook.snapshot";
/** Of a snapshot: digest of the layers that it consists of. */
export const STACK_LABEL = "layerbook.stack";
/**
 * A container that was made anew from a snapshot: id of the image that its states are counted from. For
 * whoever asks what image it is of, it is that one.
 */
export const BASE_LABEL = "layerbook.base";
