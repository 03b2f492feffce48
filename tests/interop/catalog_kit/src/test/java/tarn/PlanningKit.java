package tarn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataFiles;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileMetadata;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Metrics;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableScan;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Evaluator;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.rest.RESTCatalog;
import org.apache.iceberg.types.Conversions;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Scans planned by the server, through Iceberg's own client, against the same scans planned by that client: the server names no
 * file that the client does not, none that holds a matching row is missing, and the deletes are the same.
 */
public class PlanningKit {
  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.LongType.get()),
          Types.NestedField.optional(2, "ward", Types.StringType.get()),
          Types.NestedField.optional(3, "at", Types.TimestampType.withoutZone()),
          Types.NestedField.optional(4, "day", Types.DateType.get()),
          Types.NestedField.optional(5, "share", Types.DoubleType.get()));
  private static final TableIdentifier NAME = TableIdentifier.of("planning", "visits");

  private RESTCatalog planningServer;
  private RESTCatalog planningClient;
  private final Random random = new Random(7);
  private final Map<String, Record> rows = new HashMap<>();

  @BeforeEach
  void connect() {
    planningServer = Server.connect(Map.of("scan-planning-mode", "server"));
    planningClient = Server.connect(Map.of("scan-planning-mode", "client"));
    Server.empty(planningServer);
    planningServer.createNamespace(Namespace.of("planning"));
  }

  @AfterEach
  void disconnect() throws Exception {
    planningServer.close();
    planningClient.close();
  }

  private Record row() {
    Record row = GenericRecord.create(SCHEMA);
    row.setField("id", (long) random.nextInt(60));
    row.setField("ward", random.nextInt(6) == 0 ? null : List.of("north", "south", "nord", "é").get(random.nextInt(4)));
    // As files hold them: microseconds and days.
    row.setField("at", random.nextInt(6) == 0 ? null : (random.nextInt(24 * 90) - 24 * 61) * 3_600_000_000L);
    row.setField("day", random.nextInt(6) == 0 ? null : random.nextInt(60) - 31);
    row.setField("share", random.nextInt(6) == 0 ? null : random.nextInt(6) == 0 ? Double.NaN : random.nextInt(10) / 4.0);
    return row;
  }

  /** A file of one row, with its metrics. No such file exists; planning does not open any. */
  private DataFile file(PartitionSpec spec, String location, String name) {
    Record row = row();
    Map<Integer, Long> values = new HashMap<>(), nulls = new HashMap<>(), nans = new HashMap<>();
    Map<Integer, ByteBuffer> bounds = new HashMap<>();
    for (int place = 0; place < SCHEMA.columns().size(); ++place) {
      Types.NestedField column = SCHEMA.columns().get(place);
      Object value = row.get(place, Object.class);
      boolean nan = value instanceof Double && ((Double) value).isNaN();
      values.put(column.fieldId(), 1L);
      nulls.put(column.fieldId(), value == null ? 1L : 0L);
      if (column.type().typeId() == Type.TypeID.DOUBLE) {
        nans.put(column.fieldId(), nan ? 1L : 0L);
      }
      if (value != null && !nan) {
        bounds.put(column.fieldId(), Conversions.toByteBuffer(column.type(), value));
      }
    }
    PartitionKey partition = new PartitionKey(spec, SCHEMA);
    partition.partition(row);
    String path = location + "/data/" + name + ".parquet";
    rows.put(path, row);
    return DataFiles.builder(spec).withPath(path).withFileSizeInBytes(1000).withPartition(partition)
        .withMetrics(new Metrics(1L, null, values, nulls, nans, bounds, bounds)).build();
  }

  private Expression test() {
    String[] columns = {"id", "ward", "at", "day", "share"};
    String column = columns[random.nextInt(columns.length)];
    Object value = switch (column) {
      case "id" -> (Object) (long) random.nextInt(60);
      case "ward" -> List.of("north", "south", "no", "é", "zz").get(random.nextInt(5));
      case "at" -> java.time.LocalDateTime.of(1969, 11, 1, 0, 0).plusHours(random.nextInt(24 * 90)).toString();
      case "day" -> java.time.LocalDate.of(1969, 12, 1).plusDays(random.nextInt(60)).toString();
      default -> (Object) (random.nextInt(10) / 4.0);
    };
    switch (random.nextInt(12)) {
      case 0: return Expressions.lessThan(column, value);
      case 1: return Expressions.lessThanOrEqual(column, value);
      case 2: return Expressions.greaterThan(column, value);
      case 3: return Expressions.greaterThanOrEqual(column, value);
      case 4: return Expressions.equal(column, value);
      case 5: return Expressions.notEqual(column, value);
      case 6: return Expressions.isNull(column);
      case 7: return Expressions.notNull(column);
      case 8: return Expressions.in(column, value, value);
      case 9: return Expressions.startsWith("ward", "no");
      case 10: return Expressions.notStartsWith("ward", "no");
      default: return random.nextBoolean() ? Expressions.isNaN("share") : Expressions.notNaN("share");
    }
  }

  private Expression filter(int depth) {
    if (depth == 0 || random.nextInt(3) == 0) {
      return test();
    }
    switch (random.nextInt(3)) {
      case 0: return Expressions.and(filter(depth - 1), filter(depth - 1));
      case 1: return Expressions.or(filter(depth - 1), filter(depth - 1));
      default: return Expressions.not(filter(depth - 1));
    }
  }

  private static Map<String, Set<String>> files(TableScan scan) throws Exception {
    Map<String, Set<String>> files = new TreeMap<>();
    try (CloseableIterable<FileScanTask> tasks = scan.planFiles()) {
      for (FileScanTask task : tasks) {
        files.put(task.file().location(),
            task.deletes().stream().map(DeleteFile::location).collect(Collectors.toCollection(TreeSet::new)));
      }
    }
    return files;
  }

  private void compare(Table server, Table client, Expression filter) throws Exception {
    assertThat(server.newScan().getClass().getSimpleName()).isEqualTo("RESTTableScan");
    Map<String, Set<String>> ours = files(server.newScan().filter(filter));
    Map<String, Set<String>> theirs = files(client.newScan().filter(filter));
    assertThat(theirs).as("%s", filter).containsAllEntriesOf(ours);
    Evaluator evaluator = new Evaluator(SCHEMA.asStruct(), filter);
    for (String path : theirs.keySet()) {
      if (evaluator.eval(rows.get(path))) {
        assertThat(ours).as("%s of %s", filter, rows.get(path)).containsKey(path);
      }
    }
  }

  private void randomFilters(PartitionSpec spec) throws Exception {
    Table server = planningServer.createTable(NAME, SCHEMA, spec);
    for (int commit = 0; commit < 3; ++commit) {
      var append = server.newAppend();
      for (int number = 0; number < 40; ++number) {
        append.appendFile(file(server.spec(), server.location(), commit + "-" + number));
      }
      append.commit();
    }
    Table client = planningClient.loadTable(NAME);
    compare(server, client, Expressions.alwaysTrue());
    for (int round = 0; round < 150; ++round) {
      compare(server, client, filter(3));
    }
  }

  @Test
  void unpartitioned() throws Exception {
    randomFilters(PartitionSpec.unpartitioned());
  }

  @Test
  void byValueAndBucket() throws Exception {
    randomFilters(PartitionSpec.builderFor(SCHEMA).identity("ward").bucket("id", 4).build());
  }

  @Test
  void byTimes() throws Exception {
    randomFilters(PartitionSpec.builderFor(SCHEMA).day("at").month("day").truncate("id", 10).build());
  }

  @Test
  void byHourAndPrefix() throws Exception {
    randomFilters(PartitionSpec.builderFor(SCHEMA).hour("at").truncate("ward", 2).year("day").build());
  }

  @Test
  void deletes() throws Exception {
    PartitionSpec spec = PartitionSpec.builderFor(SCHEMA).bucket("id", 2).build();
    Table server = planningServer.createTable(NAME, SCHEMA, spec);
    DataFile first = file(spec, server.location(), "first"), second = file(spec, server.location(), "second");
    server.newAppend().appendFile(first).appendFile(second).commit();
    DeleteFile positions = FileMetadata.deleteFileBuilder(spec).ofPositionDeletes().withPath(server.location() + "/data/p.parquet")
        .withPartition(first.partition()).withFileSizeInBytes(10).withRecordCount(1).build();
    DeleteFile equality = FileMetadata.deleteFileBuilder(spec).ofEqualityDeletes(1).withPath(server.location() + "/data/e.parquet")
        .withPartition(second.partition()).withFileSizeInBytes(10).withRecordCount(1).build();
    server.newRowDelta().addDeletes(positions).addDeletes(equality).commit();
    compare(server, planningClient.loadTable(NAME), Expressions.alwaysTrue());
    assertThat(files(server.newScan()).values().stream().mapToInt(Set::size).sum()).isGreaterThanOrEqualTo(2);
  }

  @Test
  void manyFilesInTasks() throws Exception {
    Table server = planningServer.createTable(NAME, SCHEMA, PartitionSpec.unpartitioned());
    var append = server.newAppend();
    for (int number = 0; number < 5000; ++number) {
      append.appendFile(file(server.spec(), server.location(), "f" + number));
    }
    append.commit();
    compare(server, planningClient.loadTable(NAME), Expressions.alwaysTrue());
    compare(server, planningClient.loadTable(NAME), Expressions.lessThan("id", 20L));
  }

  @Test
  void snapshots() throws Exception {
    Table server = planningServer.createTable(NAME, SCHEMA, PartitionSpec.unpartitioned());
    List<Long> ids = new ArrayList<>();
    for (int number = 0; number < 3; ++number) {
      server.newAppend().appendFile(file(server.spec(), server.location(), "f" + number)).commit();
      ids.add(server.currentSnapshot().snapshotId());
    }
    server.manageSnapshots().createTag("begin", ids.get(0)).commit();
    assertThat(files(server.newScan().useSnapshot(ids.get(1)))).hasSize(2);
    assertThat(files(server.newScan().useRef("begin"))).hasSize(1);
    assertThat(files(server.newScan())).hasSize(3);
    server.updateSchema().deleteColumn("share").commit();
    assertThat(files(server.newScan().useSnapshot(ids.get(1)).filter(Expressions.notNull("share")))).hasSizeLessThanOrEqualTo(2);
    assertThatThrownBy(() -> files(server.newScan().filter(Expressions.notNull("share")))).isNotNull();
  }
}
