export { TraceViewerModule } from './trace-viewer.module.js';
export type { AuthorizeViewer, TraceViewerOptions, ViewerLimits } from './viewer-options.js';
