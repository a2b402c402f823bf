"""Tests of merge-test-results, on streams such as Swift Testing writes; scripts/check runs them."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).with_name("merge-test-results")


def record(record_kind, **payload):
    return {"kind": record_kind, "version": 0, "payload": payload}


def declared(*names):
    source = {"_filePath": "/p/T.swift", "line": 3}
    return [record("test", kind="function", id=f"T.S/{name}/T.swift:3:6", sourceLocation=source) for name in names]


def event(kind, name=None, text="", **more):
    test = {"testID": f"T.S/{name}/T.swift:3:6"} if name else {}
    return record("event", kind=kind, messages=[{"text": text}], **test, **more)


def ran(name):
    return [event("testStarted", name), event("testEnded", name)]


def skipped(name, why):
    return [event("testSkipped", name, why)]


def failed(name, why, **issue):
    return [event("testStarted", name), event("issueRecorded", name, why, issue=issue), event("testEnded", name)]


END = [event("runEnded")]


class MergeTestResults(unittest.TestCase):
    def merge(self, *hosts, options=()):
        """Each host is (records, exit status); returns the script's exit status and its output lines."""
        with tempfile.TemporaryDirectory() as directory:
            arguments = []
            for number, (records, status) in enumerate(hosts):
                path = pathlib.Path(directory, f"{number}.events")
                path.write_text("\n".join(json.dumps(line) for line in records))
                arguments += [f"host{number}", str(path), str(status), "1"]
            command = [sys.executable, str(SCRIPT), *options, *arguments]
            done = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True, check=False)
            return done.returncode, done.stdout.splitlines()

    def test_a_test_that_ran_on_either_host_passed(self):
        one = declared("a()", "b()") + ran("a()") + skipped("b()", "needs controllers") + END
        two = declared("a()", "b()") + skipped("a()", "needs Landlock") + ran("b()") + END
        status, lines = self.merge((one, 0), (two, 0))
        self.assertEqual((status, lines[-1]), (0, "2 passed, 0 failed, 0 skipped"))

    def test_a_test_skipped_on_both_fails_the_run_with_both_reasons(self):
        one = declared("a()", "b()") + ran("a()") + skipped("b()", "no disk") + END
        two = declared("a()", "b()") + ran("a()") + skipped("b()", "no PSI") + END
        status, lines = self.merge((one, 0), (two, 0))
        self.assertEqual((status, lines[-1]), (1, "1 passed, 0 failed, 1 skipped"))
        self.assertIn("    host0: no disk", lines)
        self.assertIn("    host1: no PSI", lines)

    def test_a_skip_is_no_failure_where_one_host_was_asked_for(self):
        one = declared("a()", "b()") + ran("a()") + skipped("b()", "no disk") + END
        status, lines = self.merge((one, 0), options=["--one-host"])
        self.assertEqual((status, lines[-1]), (0, "1 passed, 0 failed, 1 skipped"))

    def test_a_skipped_suite_skips_its_tests(self):
        one = declared("a()") + [record("event", kind="testSkipped", testID="T.S", messages=[{"text": "off"}])] + END
        status, lines = self.merge((one, 0))
        self.assertEqual((status, lines[-1]), (1, "0 passed, 0 failed, 1 skipped"))

    def test_a_failure_on_one_host_is_a_failure(self):
        one = declared("a()") + ran("a()") + END
        two = declared("a()") + failed("a()", "1 is not 2") + END
        status, lines = self.merge((one, 0), (two, 1))
        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed, 0 skipped"))

    def test_known_issues_and_warnings_are_no_failures(self):
        one = declared("a()", "b()") + failed("a()", "x", isKnown=True) + failed("b()", "y", severity="warning") + END
        self.assertEqual(self.merge((one, 0))[0], 0)

    def test_a_test_that_never_ended_failed_and_so_did_the_run(self):
        one = declared("a()", "b()") + ran("a()") + [event("testStarted", "b()")]
        status, lines = self.merge((one, 124))
        self.assertEqual((status, lines[-1]), (1, "1 passed, 2 failed, 0 skipped"))
        self.assertIn("    host0: did not finish: the test process was stopped at the time limit", lines)

    def test_a_host_that_never_started_fails_the_run(self):
        one = declared("a()") + ran("a()") + END
        status, lines = self.merge((one, 0), ([], 1))
        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_bad_exit_status_without_a_failed_test_fails_the_run(self):
        status, lines = self.merge((declared("a()") + ran("a()") + END, 139))
        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))
        self.assertTrue(any("SIGSEGV" in line for line in lines))

    def test_a_run_of_no_test_fails(self):
        status, lines = self.merge((END, 0))
        self.assertEqual((status, lines[-1]), (1, "0 passed, 0 failed, 0 skipped"))


if __name__ == "__main__":
    unittest.main()
