package tarn;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.rest.RESTCatalog;

/** The server under test, at the system property {@code tarn.uri}; properties of its clients: {@code tarn.client.KEY}. */
final class Server {
  private static final String CLIENT = "tarn.client.";

  /** What the tests on defaults and overrides expect a catalog's client to carry. */
  private static final Map<String, String> EXPECTED =
      Map.of(
          "table-default.default-key1", "catalog-default-key1",
          "table-default.default-key2", "catalog-default-key2",
          "table-default.override-key3", "catalog-default-key3",
          "table-override.override-key3", "catalog-override-key3",
          "table-override.override-key4", "catalog-override-key4",
          "view-default.key1", "catalog-default-key1",
          "view-default.key2", "catalog-default-key2",
          "view-default.key3", "catalog-default-key3",
          "view-override.key3", "catalog-override-key3",
          "view-override.key4", "catalog-override-key4");

  private Server() {}

  static RESTCatalog connect(Map<String, String> more) {
    Map<String, String> properties = new HashMap<>(EXPECTED);
    properties.put("uri", System.getProperty("tarn.uri"));
    System.getProperties().stringPropertyNames().stream().filter(name -> name.startsWith(CLIENT))
        .forEach(name -> properties.put(name.substring(CLIENT.length()), System.getProperty(name)));
    properties.putAll(more);
    RESTCatalog catalog = new RESTCatalog();
    catalog.setConf(new Configuration());
    catalog.initialize("tarn", properties);
    return catalog;
  }

  /** Drops everything: some tests leave namespaces that others expect not to be there. */
  static void empty(RESTCatalog catalog) {
    empty(catalog, catalog.listNamespaces());
  }

  private static void empty(RESTCatalog catalog, List<Namespace> namespaces) {
    for (Namespace namespace : namespaces) {
      empty(catalog, catalog.listNamespaces(namespace));
      catalog.listTables(namespace).forEach(catalog::dropTable);
      catalog.listViews(namespace).forEach(catalog::dropView);
      catalog.dropNamespace(namespace);
    }
  }
}
