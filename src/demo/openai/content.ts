import type { Refusal } from '../vendor.ts';
import { openAIFault, openAIRefusal } from './error.ts';
import type { FileStore } from './files.ts';

/** What an image or file part may hold; each API has these under its own names. */
export interface PartContent {
  file_id?: string | null | undefined;
  image_url?: string | null | undefined;
  file_url?: string | null | undefined;
  file_data?: string | null | undefined;
  filename?: string | null | undefined;
}

const webAddress = /^https?:\/\/[^\s/]/;
const image = /^data:image\/(png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/]/;
const file = /^data:[\w.+-]+\/[\w.+-]+;base64,[A-Za-z0-9+/]/;

/** What is wrong with an image or a file: it comes in exactly one way, and in a form that can be read. */
export function contentFault(param: string, { file_id, image_url, file_url, file_data, filename }: PartContent): Refusal | undefined {
  const ways = [file_id, image_url, file_url, file_data].filter((way) => way !== undefined && way !== null);
  if (ways.length !== 1) return openAIFault(param, 'invalid_value', `'${param}' must have its content in exactly one way, not in ${ways.length}.`);
  if (image_url) return imageFault(`${param}.image_url`, image_url);
  if (file_url && !webAddress.test(file_url)) return openAIFault(`${param}.file_url`, 'invalid_value', 'This is no http(s) address.');
  if (file_data && !file.test(file_data)) return openAIFault(`${param}.file_data`, 'invalid_value', 'This is no base64 data URL.');
  if (file_data && !filename) return openAIFault(`${param}.filename`, 'missing_required_parameter', `'${param}.file_data' needs 'filename'.`);
  return undefined;
}

/** The refusal of a file that was never uploaded, or is gone. */
export function missingFile(param: string, id: string | null | undefined, files: FileStore): Refusal | undefined {
  return id && !files.get(id) ? { ...openAIRefusal(404), param, message: `There is no file '${id}'.` } : undefined;
}

/** What is wrong with an image's address. */
export function imageFault(param: string, url: string): Refusal | undefined {
  if (webAddress.test(url) || image.test(url)) return undefined;
  return openAIFault(param, 'invalid_image_url', 'This is neither an http(s) address nor a base64 data URL of an image.');
}
