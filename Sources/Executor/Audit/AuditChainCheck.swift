import SystemSupport

/// The state of a verification between two lines.
struct AuditChainCheck {
    var result: AuditVerification
    private let after: AuditPosition
    /// What the next line must follow.
    private var last: AuditPosition
    private var lastName: String?
    /// The hash of the line that `head` names, once it came by.
    private var hashAtHead: String?
    private var hashAtExpected: String?

    init(directory: String, after: AuditPosition) {
        result = AuditVerification(directory: directory)
        self.after = after
        last = after
    }

    mutating func check(
        _ file: OwnedFile, _ name: String, first: UInt64, size: Int64, head: AuditPosition?, expected: AuditPosition?,
        isNewest: Bool
    ) throws(SystemError) {
        result.files += 1
        result.bytes += size
        var reader = AuditLineReader(file, to: size)
        var isFirst = true
        while let line = try reader.next() {
            if !line.isTerminated && isNewest && !line.isTooLong {
                result.notes.append(
                    "\(name):\(line.number): \(line.length) bytes of a line that a crash cut off; the next record moves them aside"
                )
                return
            }
            guard line.isTerminated, let frame = AuditLine(line.bytes) else {
                result.add(
                    .unreadable, name, line.number,
                    line.isTooLong
                        ? "a line of \(line.length) bytes: no record is longer than \(AuditLine.limit)"
                        : "no record of the audit, or not a whole one")
                last.hash = line.hash
                isFirst = false
                continue
            }
            if isFirst && frame.sequence != first {
                result.add(
                    .fileName, name, line.number, "the file is named for another first line",
                    expected: "\(first)", found: "\(frame.sequence)")
            }
            isFirst = false
            follow(frame, line, name)
            if frame.sequence == head?.sequence { hashAtHead = line.hash }
            if frame.sequence == expected?.sequence { hashAtExpected = line.hash }
        }
    }

    private mutating func follow(_ frame: AuditLine, _ line: AuditLineReader.Line, _ name: String) {
        let isBeginning = result.records == 0
        let next = last.sequence + 1
        if isBeginning && (frame.sequence != next || frame.previous != last.hash) {
            result.add(
                .begins, name, line.number,
                after == .origin
                    ? "the audit does not begin with record 1: older files are gone; where they were archived, name their last record "
                        + "with --begins-after SEQUENCE:HASH"
                    : "the first line does not follow the record that was given",
                expected: last.description, found: "\(frame.sequence - min(1, frame.sequence)):\(frame.previous)")
        } else if frame.sequence > next {
            let count = frame.sequence - next
            result.add(
                .removed, name, line.number,
                count == 1 ? "record \(next) is missing" : "records \(next) to \(frame.sequence - 1) are missing",
                expected: "\(next)", found: "\(frame.sequence)")
        } else if frame.sequence < next {
            result.add(
                .reordered, name, line.number, "record \(frame.sequence) comes after record \(last.sequence)",
                expected: "\(next)", found: "\(frame.sequence)")
        } else if frame.previous != last.hash {
            result.add(
                .altered, name, line.number,
                "the record before this one, or this one, is not as it was written", expected: last.hash,
                found: frame.previous)
        }
        if frame.followsLostHead {
            result.add(
                .head, name, line.number,
                "the head was lost before this record: last records that were taken away then do not show")
        }
        last = AuditPosition(sequence: frame.sequence, hash: line.hash)
        result.records += 1
        result.newest = last
        let time = AuditLine.text("ended_at", of: line.bytes) ?? AuditLine.text("started_at", of: line.bytes)
        if isBeginning { result.firstTime = time }
        result.lastTime = time ?? result.lastTime
        lastName = name
    }

    /// After the last line of the last file.
    mutating func finish(head: AuditHead.Reading, expected: AuditPosition?) {
        switch head {
        case .absent where result.records > 0 && expected == nil:
            result.add(
                .head, AuditDirectory.headName, nil,
                "there is no head, so removed last records would not show; archived files have none: give the position of their last "
                    + "record with --expect SEQUENCE:HASH")
        case .absent: break
        case .unreadable: result.add(.head, AuditDirectory.headName, nil, "the head is no position of a record")
        case .position(let position): check(head: position)
        }
        if let expected, hashAtExpected != expected.hash {
            result.add(
                .expected, lastName ?? AuditDirectory.headName, nil,
                hashAtExpected == nil
                    ? "record \(expected.sequence) is not there"
                    : "record \(expected.sequence) is not the one that was noted",
                expected: expected.description, found: hashAtExpected.map { "\(expected.sequence):\($0)" })
        }
    }

    private mutating func check(head: AuditPosition) {
        if head == .origin || head == after { return }
        let newest = result.newest
        if head.sequence > newest.sequence {
            let count = head.sequence - newest.sequence
            result.add(
                .head, AuditDirectory.headName, nil,
                "the last \(count == 1 ? "record is" : "\(count) records are") missing", expected: head.description,
                found: newest.description)
        } else if hashAtHead != head.hash {
            result.add(
                .head, AuditDirectory.headName, nil,
                hashAtHead == nil
                    ? "the record that the head names is not there"
                    : "the record that the head names is not as it was written",
                expected: head.description, found: hashAtHead.map { "\(head.sequence):\($0)" })
        } else if head.sequence < newest.sequence {
            result.notes.append(
                "the head is \(newest.sequence - head.sequence) records behind: a crash came between, and the next record mends it"
            )
        }
    }
}
