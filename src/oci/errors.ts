/** What can be wrong with an image or the place it should be in. Exit code 1. */
import { type ErrorDetails, LayerbookError } from "../errors/index.ts";

/** An image that is damaged, or that a place does not take or give. */
export class ImageError extends LayerbookError {}

/** There is no such image. */
export class ImageNotFoundError extends ImageError {
  /** @param reference the image with its scheme; `where` is the place that was searched */
  constructor(reference: string, where: string, details: ErrorDetails = {}) {
    super(`there is no image ${reference}: ${where}`, details);
  }
}
