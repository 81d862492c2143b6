export { TraceViewerModule } from './server/trace-viewer.module.js';
export type {
  AuthorizeViewer,
  TraceViewerOptions,
  ViewerKeep,
  ViewerLimits,
} from './server/viewer-options.js';
