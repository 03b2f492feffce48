import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** PostgreSQL's JDBC driver on Tarn: the look-ups of BI tools, types, parameters, fetching in parts. Arguments: the URL. */
public class WireCheck {
  private static int passed = 0;
  private static int failed = 0;

  interface Call {
    Object run() throws Exception;
  }

  static void check(String what, Object expected, Call call) {
    Object actual;
    try {
      actual = call.run();
    } catch (Exception error) {
      actual = error.toString();
    }
    if (Objects.equals(String.valueOf(actual), String.valueOf(expected))) {
      passed++;
    } else {
      failed++;
      System.out.println("FAILED " + what + ": " + actual + " instead of " + expected);
    }
  }

  static List<String> column(ResultSet rows, String name) throws SQLException {
    List<String> values = new ArrayList<>();
    while (rows.next()) values.add(rows.getString(name));
    return values;
  }

  static int count(ResultSet rows) throws SQLException {
    int count = 0;
    while (rows.next()) count++;
    return count;
  }

  static String state(Call call) throws Exception {
    try {
      call.run();
    } catch (SQLException error) {
      return error.getSQLState();
    }
    return "";
  }

  static void metadata(DatabaseMetaData data) {
    check("tables", List.of("stay"), () -> column(data.getTables(null, "curated", "%", new String[] {"TABLE"}), "TABLE_NAME"));
    check("schemas", true, () -> column(data.getSchemas(), "TABLE_SCHEM").contains("curated"));
    check("types of columns", "[int8, int4, text, timestamp, timestamptz, date, numeric, float8, bool]",
        () -> column(data.getColumns(null, "curated", "stay", "%"), "TYPE_NAME").subList(0, 9));
    check("comments", "Number of the stay.", () -> column(data.getColumns(null, "curated", "stay", "id"), "REMARKS").get(0));
    check("the key", List.of("id"), () -> column(data.getPrimaryKeys(null, "curated", "stay"), "COLUMN_NAME"));
    check("indexes", List.of("id"), () -> column(data.getIndexInfo(null, "curated", "stay", true, true), "COLUMN_NAME"));
    check("catalogs", List.of("tarn"), () -> column(data.getCatalogs(), "TABLE_CAT"));
    check("foreign keys", 0, () -> count(data.getImportedKeys(null, "curated", "stay")) + count(data.getExportedKeys(null, "curated", "stay"))
        + count(data.getCrossReference(null, "curated", "stay", null, "curated", "stay")));
    check("procedures and types", 0, () -> count(data.getProcedures(null, null, "%")) + count(data.getFunctions(null, null, "%"))
        + count(data.getUDTs(null, null, "%", null)));
    check("the rest", true, () -> count(data.getTypeInfo()) > 10 && count(data.getTableTypes()) > 5 && data.getSQLKeywords() != null
        && count(data.getBestRowIdentifier(null, "curated", "stay", 0, true)) == 1 && count(data.getVersionColumns(null, "curated", "stay")) >= 0
        && count(data.getTablePrivileges(null, "curated", "%")) >= 0 && count(data.getColumnPrivileges(null, "curated", "stay", "%")) >= 0
        && data.getMaxColumnNameLength() > 0 && count(data.getClientInfoProperties()) > 0);
  }

  static void statements(Connection connection) {
    check("all rows", 5000, () -> count(connection.createStatement().executeQuery("SELECT * FROM curated.stay")));
    check("parameters, by text and in binary", "[8, 8, 8, 8, 8, 8, 8]", () -> {
      PreparedStatement statement = connection.prepareStatement(
          "SELECT count(*) FROM curated.stay WHERE id < ? AND ward = ? AND cost >= ? AND admitted > ?");
      statement.setLong(1, 32);
      statement.setString(2, "ICU");
      statement.setBigDecimal(3, new BigDecimal("0.00"));
      statement.setTimestamp(4, Timestamp.valueOf("2024-12-31 00:00:00"));
      List<String> counts = new ArrayList<>();
      for (int i = 0; i < 7; i++) counts.addAll(column(statement.executeQuery(), "count"));
      return counts;
    });
    check("objects", "[Integer, Long, BigDecimal, Double, Boolean, Date, Timestamp, PgArray, PGobject, byte[]]", () -> {
      ResultSet rows = connection.createStatement().executeQuery("SELECT 1, 2::BIGINT, 1.25::DECIMAL(10,2), 2.5::DOUBLE, true, "
          + "DATE '2024-01-01', TIMESTAMP '2024-01-01 01:02:03', [1,2], {'a': 1}, 'ab'::BLOB");
      rows.next();
      List<String> types = new ArrayList<>();
      for (int i = 1; i <= 10; i++) types.add(rows.getObject(i).getClass().getSimpleName());
      return types;
    });
    check("fetching in parts, beside another statement", 5000, () -> {
      connection.setAutoCommit(false);
      PreparedStatement statement = connection.prepareStatement("SELECT * FROM curated.stay");
      statement.setFetchSize(100);
      ResultSet rows = statement.executeQuery();
      int count = 0;
      while (rows.next()) {
        if (++count == 150) connection.createStatement().executeQuery("SELECT max(id) FROM curated.stay").next();
      }
      connection.commit();
      connection.setAutoCommit(true);
      return count;
    });
    check("tables of feeds", "42501", () -> state(() -> connection.createStatement().executeUpdate("DELETE FROM curated.stay")));
    check("a timeout", "57014", () -> {
      Statement statement = connection.createStatement();
      statement.setQueryTimeout(1);
      return state(() -> statement.executeQuery("SELECT count(*) FROM range(100000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"));
    });
    check("an array", 2500, () -> {
      PreparedStatement statement = connection.prepareStatement("SELECT * FROM curated.stay WHERE ward = ANY(?)");
      statement.setArray(1, connection.createArrayOf("text", new String[] {"ICU", "Ö"}));
      return count(statement.executeQuery());
    });
    check("a schema", "curated 5000", () -> {
      connection.setSchema("curated");
      return connection.getSchema() + " " + column(connection.createStatement().executeQuery("SELECT count(*) FROM stay"), "count").get(0);
    });
    check("validity", true, () -> connection.isValid(2));
  }

  public static void main(String[] arguments) throws Exception {
    try (Connection connection = DriverManager.getConnection(arguments[0])) {
      metadata(connection.getMetaData());
      statements(connection);
    }
    System.out.println(passed + " passed, " + failed + " failed");
    System.exit(failed == 0 && passed > 0 ? 0 : 1);
  }
}
