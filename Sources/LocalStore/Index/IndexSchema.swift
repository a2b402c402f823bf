import GRDB

/// The tables of the index. Whoever changes them changes `version`: an index of any other version is thrown away and built anew.
enum IndexSchema {
    static let version = 2
    /// "ScAI", in the header of the file: SQLite's own way to say whose file it is.
    static let application: Int64 = 0x5363_4149

    /// `number` counts the records as they lie in the files, from 1. `period` is ``Period``'s, `metric` AuditMetric's; `succeeded` is 1
    /// for complete runs that were clean or had findings. `limit_met` is the metric whose limit ended the runs or cut them short, -1 for none.
    static let tables = """
        CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
        CREATE TABLE file(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, inode INTEGER NOT NULL, size INTEGER NOT NULL,
            modified INTEGER NOT NULL);
        CREATE TABLE scanner(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE verdict(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE host(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE target(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, runs INTEGER NOT NULL, last INTEGER NOT NULL);
        CREATE TABLE run(
            number INTEGER PRIMARY KEY, time INTEGER, scanner INTEGER NOT NULL, verdict INTEGER NOT NULL,
            partial INTEGER NOT NULL, target INTEGER,
            wall INTEGER, cpu INTEGER, memory INTEGER, pids INTEGER, io_read INTEGER, io_write INTEGER, printed INTEGER,
            out INTEGER,
            file INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, sequence INTEGER, id TEXT NOT NULL,
            task TEXT, hash BLOB NOT NULL);
        CREATE TABLE hour(hour INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL);
        CREATE TABLE verdict_count(
            period INTEGER NOT NULL, scanner INTEGER NOT NULL, verdict INTEGER NOT NULL, partial INTEGER NOT NULL,
            limit_met INTEGER NOT NULL, runs INTEGER NOT NULL, limit_most INTEGER,
            PRIMARY KEY(period, scanner, verdict, partial, limit_met)) WITHOUT ROWID;
        CREATE TABLE usage(
            scanner INTEGER NOT NULL, metric INTEGER NOT NULL, period INTEGER NOT NULL, succeeded INTEGER NOT NULL,
            least INTEGER NOT NULL, most INTEGER NOT NULL, histogram BLOB NOT NULL,
            share_least INTEGER NOT NULL, share_most INTEGER NOT NULL, share_histogram BLOB NOT NULL,
            over80 INTEGER NOT NULL, over95 INTEGER NOT NULL, limit_last INTEGER, limit_number INTEGER NOT NULL,
            PRIMARY KEY(scanner, metric, period, succeeded)) WITHOUT ROWID;
        """

    /// Runs are kept newest last and looked at newest first. `run_kind` serves three filters, by scanner, by verdict and by both
    /// (see RunQuery); it and `run_target` hold all that filters look at, so that a run that is refused costs no look at its row.
    static let indexes = """
        CREATE INDEX run_kind ON run(scanner, verdict, number, target, time);
        CREATE INDEX run_target ON run(target, number, scanner, verdict, time);
        CREATE INDEX run_id ON run(id);
        CREATE INDEX run_task ON run(task) WHERE task IS NOT NULL;
        """

    static func create(_ database: Database) throws {
        try database.execute(sql: "PRAGMA application_id = \(application); PRAGMA user_version = \(version)")
        try database.execute(sql: tables)
    }

    /// True for a whole index of this version.
    static func isCurrent(_ database: Database) throws -> Bool {
        try Int64.fetchOne(database, sql: "PRAGMA application_id") == application
            && Int.fetchOne(database, sql: "PRAGMA user_version") == version
            && IndexPosition.load(database) != nil
    }
}
