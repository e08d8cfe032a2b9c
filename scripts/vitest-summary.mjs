// SPDX-License-Identifier: LGPL-2.1-or-later
// A vitest reporter: writes the run's figures as JSON to the file that VITEST_SUMMARY names.
// A skip counts as declared only with a reason: `context.skip('no QEMU on this machine')` inside the test.
import { writeFileSync } from 'node:fs';

/** @implements {import('vitest/reporters').Reporter} */
export default class SummaryReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const summary = { passed: 0, failed: unhandledErrors.length, skipped: [], undeclared: [] };
    for (const module of modules) {
      // A file that could not be loaded, or a failed hook around tests, is one failure; its tests are then no skips.
      summary.failed += [module, ...module.children.allSuites()].filter(isBroken).length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = `${module.relativeModuleId}: ${test.fullName}`;
        if (result.state === 'passed') summary.passed += 1;
        else if (result.state === 'failed') summary.failed += 1;
        else if (result.note) summary.skipped.push(`${name}: ${result.note}`);
        else if (!isInBroken(test)) summary.undeclared.push(name);
      }
    }
    const file = process.env['VITEST_SUMMARY'];
    if (file) writeFileSync(file, JSON.stringify(summary));
  }
}

function isBroken(container) {
  return container.errors().length > 0;
}

function isInBroken(task) {
  return task.type !== 'module' && (isBroken(task.parent) || isInBroken(task.parent));
}
